-- Title: Stored totals
-- Purpose: years and regions whose stored totals are not the sums over their cells
-- Units: Mt C yr-1; million hectares (Mha)
-- Caveat: to nine figures: the order of summing is not fixed
-- Source: eluc_total, state_total
-- Needs: cell, cell_region, eluc, eluc_total, land_use, region, state_total
WITH inside AS (
    SELECT r.layer, m.cell_id, sum(m.weight) AS weight
    FROM cell_region AS m
    INNER JOIN region AS r ON r.region_id = m.region_id
    GROUP BY r.layer, m.cell_id
),

-- The globe, every region, and what is outside all regions of a layer.
member AS MATERIALIZED (
    SELECT
        CAST(NULL AS VARCHAR) AS layer,
        CAST(NULL AS INTEGER) AS region_id,
        cell_id,
        CAST(1 AS DOUBLE) AS weight
    FROM cell
    UNION ALL
    SELECT r.layer, r.region_id, m.cell_id, m.weight
    FROM cell_region AS m
    INNER JOIN region AS r ON r.region_id = m.region_id
    UNION ALL
    SELECT l.layer, NULL, c.cell_id, 1 - coalesce(i.weight, 0)
    FROM (SELECT DISTINCT layer FROM region) AS l
    CROSS JOIN cell AS c
    LEFT JOIN inside AS i ON i.layer = l.layer AND i.cell_id = c.cell_id
    WHERE coalesce(i.weight, 0) < 1 - 1e-9
),

eluc_again AS (
    SELECT
        m.layer,
        m.region_id,
        e."year"
{%- for one in emissions %},
        sum(e.{{ one.column | identifier }} * c.area_ha * m.weight) / 1e6
            AS {{ (one.measure ~ "_mtc") | identifier }}
{%- endfor %}

    FROM eluc AS e
    INNER JOIN cell AS c ON c.cell_id = e.cell_id
    INNER JOIN member AS m ON m.cell_id = e.cell_id
    GROUP BY m.layer, m.region_id, e."year"
),

state_again AS MATERIALIZED (
    SELECT
        m.layer,
        m.region_id,
        s."year"
{%- for name in uses %},
        sum(s.{{ name | identifier }} * c.area_ha * m.weight) / 1e6
            AS {{ (name ~ "_mha") | identifier }}
{%- endfor %}

    FROM land_use AS s
    INNER JOIN cell AS c ON c.cell_id = s.cell_id
    INNER JOIN member AS m ON m.cell_id = s.cell_id
    GROUP BY m.layer, m.region_id, s."year"
)
{%- for table, again, column in totals %}
{%- if not loop.first %}
UNION ALL
{%- endif %}
SELECT
    {{ column | literal }} AS variable,
    CAST(NULL AS INTEGER) AS cell_id,
    o."year",
    o."value",
    o.expected,
    CASE
        WHEN o.layer IS NULL THEN 'the globe'
        ELSE o.layer || '/' || coalesce(r."name", 'Outside')
    END AS note
FROM (
    SELECT
        coalesce(t.layer, a.layer) AS layer,
        coalesce(t.region_id, a.region_id) AS region_id,
        coalesce(t."year", a."year") AS "year",
        t.{{ column | identifier }} AS "value",
        -- A year has a row of what is outside even if no cell is.
        CASE
            WHEN a."year" IS NULL AND t.region_id IS NULL THEN 0
            ELSE a.{{ column | identifier }}
        END AS expected
    FROM {{ again | identifier }} AS a
    FULL JOIN meta.{{ table | identifier }} AS t
        ON t."year" = a."year"
        AND t.layer IS NOT DISTINCT FROM a.layer
        AND t.region_id IS NOT DISTINCT FROM a.region_id
) AS o
LEFT JOIN region AS r ON r.region_id = o.region_id
WHERE (o."value" IS NULL) <> (o.expected IS NULL)
    OR abs(o."value" - o.expected) > 1e-9 * greatest(1, abs(o.expected))
{%- endfor %};
