-- Title: Land use on land
-- Purpose: the rows of state whose cell the land mask counts as land, with place and area
-- Units: as in state, area_ha ha
-- Caveat: a sum over this view leaves out the cells that the mask calls sea, about 1 % of LUH2's
--   land
-- Source: {{ titles.state | comment }}; global-land-mask 1.0.0
-- Needs: state, cell
CREATE OR REPLACE VIEW land_state AS
SELECT
    s.cell_id,
    c.lat,
    c.lon,
    s."year",
    c.area_ha
{%- for variable in variables["state"] %},
    s.{{ variable.column | identifier }}
{%- endfor %}

FROM state AS s
INNER JOIN cell AS c ON c.cell_id = s.cell_id
WHERE c.is_land;
