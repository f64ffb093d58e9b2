-- Title: Tables that are computed from others
-- Purpose: years whose squares in luc_map_1deg do not add up to the global totals, or in which a view
--   that is stored as a table does not hold what its definition gives
-- Units: t C yr-1; ha; rows
-- Caveat: sums to six digits, since the land uses of a square are stored as REAL; stored views by the
--   number of rows and the sum of their hashes
-- Source: luc_map_1deg, eluc_global, state_global; the definitions in the schema meta
-- Needs: eluc_global, luc_map_1deg, state_global
WITH mapped AS (
    SELECT
        "year",
        sum(emission_tc) AS emission_tc
{%- for name in uses %},
        sum(CAST({{ (name ~ "_ha") | identifier }} AS DOUBLE)) AS {{ (name ~ "_ha") | identifier }}
{%- endfor %}

    FROM luc_map_1deg
    GROUP BY "year"
),

stored AS (
    SELECT
        "year",
        e.emission_pgc * 1e9 AS emission_tc
{%- for name in uses %},
        s.{{ (name ~ "_mha") | identifier }} * 1e6 AS {{ (name ~ "_ha") | identifier }}
{%- endfor %}

    FROM eluc_global AS e
    FULL JOIN state_global AS s USING ("year")
)
{%- for column in mapped %}
{%- if not loop.first %}
UNION ALL
{%- endif %}
SELECT
    {{ column | literal }} AS variable,
    CAST(NULL AS INTEGER) AS cell_id,
    "year",
    m.{{ column | identifier }} AS "value",
    s.{{ column | identifier }} AS expected,
    'sum over the squares' AS note
FROM stored AS s
FULL JOIN mapped AS m USING ("year")
WHERE coalesce(m.{{ column | identifier }}, 0) IS DISTINCT FROM coalesce(s.{{ column | identifier }}, 0)
    AND abs(coalesce(m.{{ column | identifier }}, 0) - coalesce(s.{{ column | identifier }}, 0))
        > 1e-6 * greatest(1, abs(coalesce(s.{{ column | identifier }}, 0)))
{%- endfor %}
{%- for name in stored %}
UNION ALL
SELECT
    {{ name | literal }} AS variable,
    CAST(NULL AS INTEGER) AS cell_id,
    "year",
    CAST(coalesce(t.row_count, 0) AS DOUBLE) AS "value",
    CAST(coalesce(v.row_count, 0) AS DOUBLE) AS expected,
    CASE WHEN t.row_count = v.row_count THEN 'other values in these rows' ELSE 'rows' END AS note
FROM (
    SELECT "year", count(*) AS row_count, sum(CAST(hash(s) AS HUGEINT)) AS content
    FROM {{ name | identifier }} AS s
    GROUP BY "year"
) AS t
FULL JOIN (
    SELECT "year", count(*) AS row_count, sum(CAST(hash(s) AS HUGEINT)) AS content
    FROM meta.{{ name | identifier }} AS s
    GROUP BY "year"
) AS v USING ("year")
WHERE t.row_count IS DISTINCT FROM v.row_count OR t.content IS DISTINCT FROM v.content
{%- endfor %};
