-- Title: Net change by land use from the transitions
-- Purpose: what each land use gains less what it loses in the course of the year: its X_to_Y, and the
--   wood harvest that turns primary land into secondary
-- Units: fractions of the cell (1)
-- Caveat: primf_harv counts as the move from primf to secdf, primn_harv as that from primn to secdn,
--   unless the file has primf_to_secdf or primn_to_secdn; the other _harv and the _bioh variables
--   move no land use; a variable that the file does not have counts as 0, NULL in any of them gives
--   NULL; summed as DOUBLE
-- Source: {{ titles.transition | comment }}
-- Needs: year, transition
CREATE OR REPLACE VIEW transition_net AS
SELECT
    t.cell_id,
    t."year",
    y."date"
{%- for use in moving %},
    0e0
{%- for move in moves %}
{%- if move.target == use %}
        + CAST(t.{{ move.variable | identifier }} AS DOUBLE)
{%- elif move.origin == use %}
        - CAST(t.{{ move.variable | identifier }} AS DOUBLE)
{%- endif %}
{%- endfor %}
        AS {{ (use ~ "_net") | identifier }}
{%- endfor %}

FROM transition AS t
INNER JOIN "year" AS y ON y."year" = t."year";
