-- Title: Net change by land use from the transitions
-- Purpose: what each of the 12 land uses gains less what it loses in the course of the year: its
--   X_to_Y, with primf_harv from primf to secdf and primn_harv from primn to secdn
-- Units: fractions of the cell (1)
-- Caveat: harvest of secondary vegetation and the _bioh move no land use and are not in it; a
--   variable that the file does not have counts as 0, NULL in any of them gives NULL; summed as
--   DOUBLE
-- Source: LUH2-GCB2022 transitions.nc
-- Needs: transition
CREATE OR REPLACE VIEW transition_net AS
SELECT
    cell_id,
    "year"
{%- for use in fractions %},
    0e0
{%- for move in moves %}
{%- if move.target == use %}
        + CAST({{ move.variable | identifier }} AS DOUBLE)
{%- elif move.origin == use %}
        - CAST({{ move.variable | identifier }} AS DOUBLE)
{%- endif %}
{%- endfor %}
        AS {{ (use ~ "_net") | identifier }}
{%- endfor %}

FROM transition;
