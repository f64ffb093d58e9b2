-- Title: Rows of every year
-- Purpose: tables and years that do not have the rows that were read from the source files
-- Units: rows
-- Caveat: reads only the years
-- Source: table_content
-- Needs: table_content, cell, eluc, management, source, state, transition, year
SELECT
    coalesce(stored.table_name, found.table_name) AS variable,
    CAST(NULL AS INTEGER) AS cell_id,
    coalesce(stored."year", found."year") AS "year",
    CAST(coalesce(found.row_count, 0) AS DOUBLE) AS "value",
    CAST(coalesce(stored.row_count, 0) AS DOUBLE) AS expected,
    'rows' AS note
FROM table_content AS stored
FULL JOIN (
{%- for table in gridded %}
    SELECT {{ table | literal }} AS table_name, "year", count(*) AS row_count
    FROM {{ table | identifier }}
    GROUP BY "year"
    UNION ALL
{%- endfor %}
{%- for table in digested %}
    SELECT {{ table | literal }}, CAST(NULL AS SMALLINT), count(*)
    FROM {{ table | identifier }}
    {%- if not loop.last %}
    UNION ALL
    {%- endif %}
{%- endfor %}
) AS found
    ON found.table_name = stored.table_name AND found."year" IS NOT DISTINCT FROM stored."year"
WHERE coalesce(found.row_count, 0) <> coalesce(stored.row_count, 0);
