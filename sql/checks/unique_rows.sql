-- Title: Doubled rows
-- Purpose: cells and years that a table has more than once
-- Units: rows
-- Caveat: a bit a cell finds the years in question; only those are grouped
-- Source: all tables of years
-- Needs: cell, eluc, management, state, transition, year
{%- for table in loaded %}
SELECT
    {{ table | literal }} AS variable,
    t.cell_id,
    t."year",
    CAST(count(*) AS DOUBLE) AS "value",
    1e0 AS expected,
    'rows' AS note
FROM {{ table | identifier }} AS t
WHERE t."year" IN (
    SELECT "year"
    FROM {{ table | identifier }}
    WHERE cell_id BETWEEN 0 AND {{ last_cell | literal }}
    GROUP BY "year"
    HAVING count(*) > bit_count(bitstring_agg(cell_id, 0, {{ last_cell | literal }}))
)
GROUP BY t.cell_id, t."year"
HAVING count(*) > 1
UNION ALL
{%- endfor %}
SELECT 'cell', cell_id, NULL, CAST(count(*) AS DOUBLE), 1e0, 'rows'
FROM cell
GROUP BY cell_id
HAVING count(*) > 1
UNION ALL
SELECT 'year', NULL, "year", CAST(count(*) AS DOUBLE), 1e0, 'rows'
FROM "year"
GROUP BY "year"
HAVING count(*) > 1;
