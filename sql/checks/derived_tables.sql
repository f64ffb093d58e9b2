-- Title: Tables that are computed from others
-- Purpose: squares of luc_map_1deg that are not the sums of their cells or occur twice, and years in
--   which the series of the emissions are not eluc, or a view that is stored as a table does not hold
--   what its definition gives
-- Units: t C yr-1; ha; rows
-- Caveat: the map to six digits, since its land uses are REAL; series and stored views by the number of
--   rows and the sum of their hashes
-- Source: cell, eluc, luc_map_1deg, meta.eluc_series, state; the definitions in the schema meta
-- Needs: cell, eluc, luc_map_1deg, state
{% import "series.jinja" as series %}
{% import "squares.jinja" as squares %}
{%- macro differs(column) -%}
(
        m.{{ column | identifier }} IS DISTINCT FROM x.{{ column | identifier }}
        AND NOT coalesce(
            abs(m.{{ column | identifier }} - x.{{ column | identifier }})
                <= 1e-6 * greatest(1, abs(x.{{ column | identifier }})),
            FALSE
        )
    )
{%- endmacro %}
{#- What a relation holds by year. The space in "a row" keeps the row that is hashed apart from the
    columns of products, which hash() would take instead. -#}
{%- macro content(relation) -%}
    SELECT "year", count(*) AS row_count, sum(CAST(hash("a row") AS HUGEINT)) AS content
    FROM {{ relation }} AS "a row"
    GROUP BY "year"
{%- endmacro %}
{#- Years in which a relation does not hold the rows of its definition. -#}
{%- macro compared(name, relation, definition) -%}
SELECT
    {{ name | literal }} AS variable,
    CAST(NULL AS INTEGER) AS cell_id,
    "year",
    CAST(coalesce(t.row_count, 0) AS DOUBLE) AS "value",
    CAST(coalesce(v.row_count, 0) AS DOUBLE) AS expected,
    CASE WHEN t.row_count = v.row_count THEN 'other values in these rows' ELSE 'rows' END AS note
FROM (
    {{ content(relation) }}
) AS t
FULL JOIN (
    {{ content(definition) }}
) AS v USING ("year")
WHERE t.row_count IS DISTINCT FROM v.row_count OR t.content IS DISTINCT FROM v.content
{%- endmacro %}
WITH placed AS MATERIALIZED (
    SELECT
        c.cell_id,
        c.area_ha,
        {{ squares.number("c", grid) }} AS square,
        {{ squares.lat("c", grid) }} AS lat,
        {{ squares.lon("c", grid) }} AS lon
    FROM cell AS c
),

square AS (
    SELECT square, min(lat) AS lat, min(lon) AS lon, sum(area_ha) AS area_ha
    FROM placed
    GROUP BY square
),

part AS (
    SELECT
        s."year",
        p.square
{%- for name in fractions %},
        sum(s.{{ name | identifier }} * p.area_ha) AS {{ name | identifier }}
{%- endfor %}

    FROM state AS s
    INNER JOIN placed AS p ON p.cell_id = s.cell_id
    GROUP BY s."year", p.square
),

land AS MATERIALIZED (
    SELECT
        *
{%- for name, parts in sums.items() %},
        {% for part in parts %}{% if not loop.first %} + {% endif %}{{ part | identifier }}
        {%- endfor %} AS {{ name | identifier }}
{%- endfor %}

    FROM part
),

flux AS (
    SELECT
        e."year",
        p.square
{%- for one in emissions %},
        sum(e.{{ one.column | identifier }} * p.area_ha) AS {{ (one.measure ~ "_tc") | identifier }}
{%- endfor %}

    FROM eluc AS e
    INNER JOIN placed AS p ON p.cell_id = e.cell_id
    GROUP BY e."year", p.square
),

expected AS (
    SELECT
        "year",
        q.lat,
        q.lon,
        q.area_ha
{%- for one in emissions %},
        f.{{ (one.measure ~ "_tc") | identifier }}
{%- endfor %}
{%- for name in uses %},
        s.{{ name | identifier }} AS {{ (name ~ "_ha") | identifier }},
        n.{{ name | identifier }} - s.{{ name | identifier }} AS {{ (name ~ "_diff_ha") | identifier }}
{%- endfor %}

    FROM land AS s
    FULL JOIN flux AS f USING ("year", square)
    LEFT JOIN land AS n ON n."year" = s."year" + 1 AND n.square = s.square
    INNER JOIN square AS q USING (square)
),

{%- if has_series %}listed AS (
    SELECT
        u.cell_id,
        u."year"
{%- for one in emissions %},
        u.{{ one.column | identifier }}
{%- endfor %}

    FROM (
        SELECT
            cell_id,
            first_year,
            CAST(unnest(generate_series(first_year, last_year)) AS SMALLINT) AS "year"
{%- for one in emissions %},
            unnest({{ one.column | identifier }}) AS {{ one.column | identifier }}
{%- endfor %}

        FROM meta.eluc_series
    ) AS u
    INNER JOIN meta.eluc_span AS p ON p."year" = u."year" AND p.first_year = u.first_year
    WHERE {{ series.has_row("u", emissions) }}
),

{% endif -%}
bad AS MATERIALIZED (
    SELECT
        coalesce(m."year", x."year") AS "year",
        coalesce(m.lat, x.lat) AS lat,
        coalesce(m.lon, x.lon) AS lon
{%- for column in mapped %},
        {{ differs(column) }} AS {{ ("bad_" ~ column) | identifier }},
        CAST(m.{{ column | identifier }} AS DOUBLE) AS {{ ("value_" ~ column) | identifier }},
        CAST(x.{{ column | identifier }} AS DOUBLE) AS {{ ("expected_" ~ column) | identifier }}
{%- endfor %}

    FROM luc_map_1deg AS m
    FULL JOIN expected AS x ON m."year" = x."year" AND m.lat = x.lat AND m.lon = x.lon
    WHERE {% for column in mapped %}{% if not loop.first %} OR {% endif %}{{ differs(column) }}{% endfor %}
)
{%- for column in mapped %}
{%- if not loop.first %}
UNION ALL
{%- endif %}
SELECT
    {{ column | literal }} AS variable,
    CAST(NULL AS INTEGER) AS cell_id,
    "year",
    {{ ("value_" ~ column) | identifier }} AS "value",
    {{ ("expected_" ~ column) | identifier }} AS expected,
    'in the square at latitude ' || lat || ', longitude ' || lon AS note
FROM bad
WHERE {{ ("bad_" ~ column) | identifier }}
{%- endfor %}
UNION ALL
SELECT
    'date' AS variable,
    CAST(NULL AS INTEGER) AS cell_id,
    "year",
    CAST(CAST("date" - DATE '1970-01-01' AS INTEGER) AS DOUBLE) AS "value",
    CAST(CAST(make_date("year", 1, 1) - DATE '1970-01-01' AS INTEGER) AS DOUBLE) AS expected,
    'days since 1970-01-01 in luc_map_1deg' AS note
FROM luc_map_1deg
WHERE "date" IS DISTINCT FROM make_date("year", 1, 1)
UNION ALL
SELECT
    'squares' AS variable,
    CAST(NULL AS INTEGER) AS cell_id,
    "year",
    count(*) AS "value",
    count(DISTINCT (lat, lon)) AS expected,
    'rows of luc_map_1deg' AS note
FROM luc_map_1deg
GROUP BY "year"
HAVING count(*) <> count(DISTINCT (lat, lon))
{%- if has_series %}
UNION ALL
{{ compared("eluc_series", "listed" | identifier, "eluc" | identifier) }}
{%- endif %}
{%- for name in stored %}
{%- set definition %}meta.{{ name | identifier }}{% endset %}
UNION ALL
{{ compared(name, name | identifier, definition) }}
{%- endfor %};
