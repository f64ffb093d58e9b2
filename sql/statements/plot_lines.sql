-- Title: Values of a line
-- Purpose: an expression of the columns of a table or view year by year: of one cell, or summed or
--   averaged over the cells of a country or of the database
-- Units: those of the expression; with weight "area" times hectares
-- Caveat: the expression is the user's: parsed, and written back by DuckDB's own parser; a mean is
--   weighted by the areas of the cells, and over cells that have a value
-- Source: the table or view, cell, cell_region
-- Needs: cell, cell_region, region
{% set part %}{% if country_code is not none %} * cell_region.weight{% endif %}{% endset %}
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
{%- if country_code is not none %}
INNER JOIN cell_region USING (cell_id)
INNER JOIN region USING (region_id)
{%- endif %}

WHERE cell_values.line_value IS NOT NULL
{%- if country_code is not none %}
    AND region.layer = 'country'
    AND region.country_code = {{ country_code | literal }}
{%- endif %}

GROUP BY cell_values."year"
ORDER BY cell_values."year";
