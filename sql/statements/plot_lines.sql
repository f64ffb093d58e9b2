-- An expression of the columns of a table or view year by year: of one cell, or summed or averaged
-- over the cells of a region, of a box or of the database. The expression is the user's: parsed, and
-- written back by DuckDB's own parser; a mean is weighted by the areas of the cells, and over cells
-- that have a value.
{%- import "boxes.jinja" as boxes %}
{% set part %}{% if region_id is not none %} * cell_region.weight{% endif %}{% endset %}
WITH cell_values AS (
    SELECT cell_id, "year", CAST({{ expression | expression }} AS DOUBLE) AS line_value
    FROM {{ relation | identifier }}
    {%- if cell_id is not none %}
    WHERE cell_id = {{ cell_id | literal }}
    {%- endif %}
)

SELECT
    cell_values."year",
    {%- if cell_id is not none %}
    any_value(cell_values.line_value) AS line_value
    {%- elif weight == "area" %}
    sum(cell_values.line_value * cell.area_ha{{ part }}) AS line_value
    {%- elif weight == "none" %}
    sum(cell_values.line_value{{ part }}) AS line_value
    {%- else %}
    sum(cell_values.line_value * cell.area_ha{{ part }}) / sum(cell.area_ha{{ part }}) AS line_value
    {%- endif %}

FROM cell_values
INNER JOIN cell USING (cell_id)
{%- if region_id is not none %}
INNER JOIN cell_region USING (cell_id)
{%- endif %}

WHERE cell_values.line_value IS NOT NULL
{%- if region_id is not none %}
    AND cell_region.region_id = {{ region_id | literal }}
{%- endif %}
{%- if box is not none %}
    AND {{ boxes.within("cell", box) }}
{%- endif %}

GROUP BY cell_values."year"
ORDER BY cell_values."year";
