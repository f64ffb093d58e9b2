-- An expression of the columns of a table or view, cell by cell, in one year where the table has
-- years. The expression is the user's: parsed, and written back by DuckDB's own parser.
SELECT cell_id, CAST({{ expression | expression }} AS DOUBLE) AS map_value
FROM {{ relation | identifier }}
{%- if year is not none %}
WHERE "year" = {{ year | literal }}
{%- endif %}
ORDER BY cell_id;
