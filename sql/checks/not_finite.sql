-- Title: Values that are not finite
-- Purpose: NaN and infinity: missing values are NULL, and infinity is rejected when a file is read
-- Units: those of the variables
-- Caveat: NaN is larger than any number to DuckDB, so the bounds of a row group tell
-- Source: all tables of years
-- Needs: eluc, management, state, transition
{%- for table, column in values %}
{%- if not loop.first %}
UNION ALL
{%- endif %}
SELECT
    {{ (table ~ "." ~ column) | literal }} AS variable,
    cell_id,
    "year",
    CAST({{ column | identifier }} AS DOUBLE) AS "value",
    CAST(NULL AS DOUBLE) AS expected,
    'not finite' AS note
FROM {{ table | identifier }}
WHERE {{ column | identifier }} > CAST(3.4028234e38 AS REAL)
    OR {{ column | identifier }} < CAST(-3.4028234e38 AS REAL)
{%- endfor %};
