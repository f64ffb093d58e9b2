-- Title: Stored totals
-- Purpose: years and countries whose stored totals are not the sums over the cells
-- Units: Mt C yr-1; million hectares (Mha)
-- Caveat: to nine figures: the order of summing is not fixed
-- Source: eluc_total, state_total
-- Needs: cell, eluc, eluc_total, land_use, state_total
WITH eluc_again AS (
    SELECT e."year", c.country_code, sum(e.eluc * c.area_ha) / 1e6 AS emission_mtc
    FROM eluc AS e
    INNER JOIN cell AS c ON c.cell_id = e.cell_id
    GROUP BY e."year", c.country_code
),

state_again AS MATERIALIZED (
    SELECT
        s."year",
        c.country_code
{%- for name in uses %},
        sum(s.{{ name | identifier }} * c.area_ha) / 1e6 AS {{ (name ~ "_mha") | identifier }}
{%- endfor %}

    FROM land_use AS s
    INNER JOIN cell AS c ON c.cell_id = s.cell_id
    GROUP BY s."year", c.country_code
)
{%- for table, again, column in totals %}
{%- if not loop.first %}
UNION ALL
{%- endif %}
SELECT
    {{ column | literal }} AS variable,
    CAST(NULL AS INTEGER) AS cell_id,
    "year",
    "value",
    expected,
    note
FROM (
    SELECT
        coalesce(t."year", a."year") AS "year",
        t.{{ column | identifier }} AS "value",
        -- A year has its row of cells without a country even if there is no such cell.
        CASE
            WHEN a."year" IS NULL AND t.country_code IS NULL THEN 0
            ELSE a.{{ column | identifier }}
        END AS expected,
        coalesce(t.country, 'Unassigned') AS note
    FROM {{ again | identifier }} AS a
    FULL JOIN {{ table | identifier }} AS t
        ON t."year" = a."year" AND t.country_code IS NOT DISTINCT FROM a.country_code
)
WHERE ("value" IS NULL) <> (expected IS NULL)
    OR abs("value" - expected) > 1e-9 * greatest(1, abs(expected))
{%- endfor %};
