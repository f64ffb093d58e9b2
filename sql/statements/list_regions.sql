-- Title: Regions of a layer
-- Purpose: number, layer, code, name and country code of every region of one layer or of all, and
--   whether it has cells
-- Units: none
-- Caveat: a region outside the grid has no cells
-- Source: region, cell_region
-- Needs: region, cell_region
SELECT
    region_id,
    layer,
    code,
    "name",
    country_code,
    region_id IN (SELECT region_id FROM cell_region) AS has_cells
FROM region
{%- if layer is not none %}
WHERE layer = {{ layer | literal }}
{%- endif %}

ORDER BY region_id;
