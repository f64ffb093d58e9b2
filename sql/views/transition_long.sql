-- Title: Land-use transitions, one row a move
-- Purpose: the moves of transition that are not 0: from which land use to which, and what fraction
--   of the cell, during the year
-- Units: fractions of the cell (1)
-- Caveat: every X_to_Y of two land uses, and the wood harvest that turns primary land into secondary:
--   primf_harv from primf to secdf and primn_harv from primn to secdn, unless the file has an X_to_Y
--   for them; the other harvest variables change no land use and are in transition only; filter on
--   cell_id or year
-- Source: {{ titles.transition | comment }}
-- Needs: year, transition
CREATE OR REPLACE VIEW transition_long AS
{%- if moves %}
SELECT
    t.cell_id,
    t."year",
    y."date",
    m.from_state,
    m.to_state,
    t.fraction
FROM (
    FROM (
        SELECT
            cell_id,
            "year"
{%- for move in moves %},
            {{ move.variable | identifier }}
{%- endfor %}

        FROM transition
    ) AS wide
    UNPIVOT (
        fraction FOR variable IN (
{%- for move in moves %}
{%- if not loop.first %},{% endif %}
            {{ move.variable | identifier }}
{%- endfor %}

        )
    )
) AS t
INNER JOIN (
    VALUES
{%- for move in moves %}
{%- if not loop.first %},{% endif %}
        ({{ move.variable | literal }}, {{ move.origin | literal }}, {{ move.target | literal }})
{%- endfor %}

) AS m (variable, from_state, to_state) ON m.variable = t.variable
INNER JOIN "year" AS y ON y."year" = t."year"
WHERE t.fraction <> 0
{%- else %}
SELECT
    cell_id,
    "year",
    NULL::DATE AS "date",
    NULL::VARCHAR AS from_state,
    NULL::VARCHAR AS to_state,
    NULL::REAL AS fraction
FROM transition
WHERE FALSE
{%- endif %};
