-- Title: Fill the map of emissions and land use at one degree
-- Purpose: adds the rows of the years from first to last to luc_map_1deg
-- Units: as in luc_map_1deg
-- Caveat: the land use of the year after last is read too; some years at a time, or the sums of all
--   squares and years have to fit into memory
-- Source: cell, eluc, state
-- Needs: cell, eluc, state, luc_map_1deg

{% import "squares.jinja" as squares %}
INSERT INTO luc_map_1deg
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
    WHERE s."year" BETWEEN {{ first | literal }} AND {{ (last + 1) | literal }}
    GROUP BY s."year", p.square
),

land AS MATERIALIZED (
    SELECT
        *
{%- for name, parts in totals.items() %},
        {% for part in parts %}{% if not loop.first %} + {% endif %}{{ part | identifier }}
        {%- endfor %} AS {{ name | identifier }}
{%- endfor %}

    FROM part
),

flux AS (
    SELECT e."year", p.square, sum(e.eluc * p.area_ha) AS emission_tc
    FROM eluc AS e
    INNER JOIN placed AS p ON p.cell_id = e.cell_id
    WHERE e."year" BETWEEN {{ first | literal }} AND {{ last | literal }}
    GROUP BY e."year", p.square
),

now AS (
    SELECT * FROM land WHERE "year" <= {{ last | literal }}
)
SELECT
    "year",
    make_date("year", 1, 1),
    q.lat,
    q.lon,
    q.area_ha,
    f.emission_tc
{%- for name in uses %},
    s.{{ name | identifier }}
{%- endfor %}
{%- for name in uses %},
    n.{{ name | identifier }} - s.{{ name | identifier }}
{%- endfor %}

FROM now AS s
FULL JOIN flux AS f USING ("year", square)
LEFT JOIN land AS n ON n."year" = s."year" + 1 AND n.square = s.square
INNER JOIN square AS q USING (square)
ORDER BY "year", q.lat DESC, q.lon;
