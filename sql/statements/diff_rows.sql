-- For some years of a table: the rows that one or both databases have, and for every column how many
-- values differ, how many are missing in one of them, and the largest difference with its cell. cell_id
-- is that of the first database; of equally large differences the one with the smallest cell_id. The
-- hash join streams, and few years at a time bound its memory.
SELECT
    "year",
    count(*) FILTER (WHERE NOT in_b) AS only_a,
    count(*) FILTER (WHERE NOT in_a) AS only_b,
    count(*) FILTER (WHERE in_a AND in_b) AS both_have
{%- for name in columns %},
    count(*) FILTER (
        WHERE in_a AND in_b
        AND {{ ("a_" ~ name) | identifier }} IS DISTINCT FROM {{ ("b_" ~ name) | identifier }}
    ),
    count(*) FILTER (
        WHERE in_a AND in_b
        AND ({{ ("a_" ~ name) | identifier }} IS NULL) <> ({{ ("b_" ~ name) | identifier }} IS NULL)
    ),
    max(
        struct_pack(
            "difference" := abs(
                CAST({{ ("b_" ~ name) | identifier }} AS DOUBLE) - {{ ("a_" ~ name) | identifier }}
            ),
            cell := -cell_id
        )
    ) FILTER (WHERE {{ ("a_" ~ name) | identifier }} <> {{ ("b_" ~ name) | identifier }})
{%- endfor %}

FROM (
    SELECT
        coalesce(x."year", y."year") AS "year",
        coalesce(x.cell_id, y.cell_id) AS cell_id,
        x.cell_id IS NOT NULL AS in_a,
        y.cell_id IS NOT NULL AS in_b
{%- for name in columns %},
        x.{{ name | identifier }} AS {{ ("a_" ~ name) | identifier }},
        y.{{ name | identifier }} AS {{ ("b_" ~ name) | identifier }}
{%- endfor %}

    FROM (
        SELECT *
        FROM a.main.{{ table | identifier }}
        WHERE "year" BETWEEN {{ first | literal }} AND {{ last | literal }}
    ) AS x
    FULL JOIN (
{%- if renumbered %}
        SELECT t.* REPLACE (coalesce(m.cell_id, -1 - t.cell_id) AS cell_id)
        FROM b.main.{{ table | identifier }} AS t
        INNER JOIN b.main.cell AS c ON c.cell_id = t.cell_id
        LEFT JOIN a.main.cell AS m
            ON round(m.lat * 1e3) = round(c.lat * 1e3)
            AND round(m.lon * 1e3) = round(c.lon * 1e3)
        WHERE t."year" BETWEEN {{ first | literal }} AND {{ last | literal }}
{%- else %}
        SELECT *
        FROM b.main.{{ table | identifier }}
        WHERE "year" BETWEEN {{ first | literal }} AND {{ last | literal }}
{%- endif %}

    ) AS y ON y.cell_id = x.cell_id AND y."year" = x."year"
)
WHERE "year" IN (
{%- for year in years %}
{%- if not loop.first %}, {% endif -%}
    {{ year | literal }}
{%- endfor %})
GROUP BY "year"
ORDER BY "year";
