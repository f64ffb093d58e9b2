-- Number, layer, code, name and country code of every region of one layer or of all, and whether it
-- has cells. A region outside the grid has no cells.
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
