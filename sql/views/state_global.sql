-- Title: Global land use by year
-- Purpose: area of the 12 land uses, crop and forest over all stored cells, a year a row
-- Units: million hectares (Mha)
-- Caveat: all stored cells count, those that the land mask calls sea too; forest is land that LUH2
--   takes for potential forest, not FAO forest
-- Source: LUH2-GCB2022 states.nc, cell areas as in cell
-- Needs: year, year_total
CREATE OR REPLACE VIEW state_global AS
SELECT
    t."year"
{%- for name in uses %},
    t.{{ (name ~ "_mha") | identifier }}
{%- endfor %}

FROM year_total AS t
INNER JOIN "year" AS y ON y."year" = t."year"
WHERE y.has_state;
