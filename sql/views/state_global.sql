-- Title: Global land use by year
-- Purpose: area of the 12 land uses, crop and forest over all stored cells, a year a row
-- Units: million hectares (Mha)
-- Caveat: all stored cells count, those that the land mask calls sea too; forest is land that LUH2
--   takes for potential forest, not FAO forest
-- Source: LUH2-GCB2022 states.nc, cell areas as in cell
-- Needs: state_total
CREATE OR REPLACE VIEW state_global AS
SELECT
    "year"
{%- for name in uses %},
    sum({{ (name ~ "_mha") | identifier }}) AS {{ (name ~ "_mha") | identifier }}
{%- endfor %}

FROM state_total
GROUP BY "year"
ORDER BY "year";
