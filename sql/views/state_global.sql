-- Title: Global land use by year
-- Purpose: area of the 12 land uses, crop and forest over all stored cells, a year a row
-- Units: million hectares (Mha)
-- Caveat: all stored cells count, those that the land mask calls sea too; forest is land that LUH2
--   takes for potential forest, not FAO forest
-- Source: LUH2-GCB2022 states.nc, cell areas as in cell
-- Needs: cell, land_use
CREATE OR REPLACE VIEW state_global AS
SELECT
    s."year"
{%- for name in uses %},
    sum(s.{{ name | identifier }} * c.area_ha) / 1e6 AS {{ (name ~ "_mha") | identifier }}
{%- endfor %}

FROM land_use AS s
INNER JOIN cell AS c ON c.cell_id = s.cell_id
GROUP BY s."year";
