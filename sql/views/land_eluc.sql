-- Title: Emissions on land
-- Purpose: the rows of eluc whose cell the land mask counts as land, with place and area
-- Units: eluc t C ha-1 yr-1, area_ha ha
-- Caveat: a sum over this view leaves out the emissions of cells that the mask calls sea, about 1 %
--   of LUH2's land
-- Source: {{ titles.eluc | comment }}; global-land-mask 1.0.0
-- Needs: eluc, cell
CREATE OR REPLACE VIEW land_eluc AS
SELECT
    e.cell_id,
    c.lat,
    c.lon,
    e."year",
    c.area_ha
{%- for one in emissions %},
    e.{{ one.column | identifier }}
{%- endfor %}

FROM eluc AS e
INNER JOIN cell AS c ON c.cell_id = e.cell_id
WHERE c.is_land;
