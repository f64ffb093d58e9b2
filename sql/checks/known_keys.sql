-- Title: Keys that lead nowhere
-- Purpose: rows whose cell or year is not in the tables cell and year
-- Units: none
-- Caveat: cell has every cell of the grid, sea included
-- Source: all tables of years
-- Needs: cell, eluc, management, state, transition, year
{%- for table in loaded %}
{%- if not loop.first %}
UNION ALL
{%- endif %}
SELECT
    {{ (table ~ ".cell_id") | literal }} AS variable,
    t.cell_id,
    t."year",
    CAST(t.cell_id AS DOUBLE) AS "value",
    CAST(NULL AS DOUBLE) AS expected,
    'not in cell' AS note
FROM {{ table | identifier }} AS t
ANTI JOIN cell AS c ON c.cell_id = t.cell_id
UNION ALL
SELECT
    {{ (table ~ ".year") | literal }},
    t.cell_id,
    t."year",
    CAST(t."year" AS DOUBLE),
    NULL,
    'not in year'
FROM {{ table | identifier }} AS t
ANTI JOIN "year" AS y ON y."year" = t."year"
{%- endfor %};
