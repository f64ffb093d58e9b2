-- Title: Balance of the land uses
-- Purpose: how far states and transitions disagree: state[year + 1] - state[year] minus the net
--   change by the transitions of year, for each land use; 0 apart from rounding
-- Units: fractions of the cell (1)
-- Caveat: one row where the transitions of the year and both states exist, so none for the last
--   year unless the states of the next are loaded; a wrong X_to_Y shows as two opposite numbers,
--   which name the pair of land uses; computed as DOUBLE
-- Source: {{ titles.state | comment }}; {{ titles.transition | comment }}
-- Needs: state, transition_net

{% import "years.jinja" as years %}
CREATE OR REPLACE VIEW mass_balance AS
{%- for block in blocks["state"] %}
{%- if not loop.first %}
UNION ALL
{%- endif %}
SELECT
    t.cell_id,
    t."year",
    t."date"
{%- for use in fractions %},
    CAST(n.{{ use | identifier }} AS DOUBLE) - CAST(s.{{ use | identifier }} AS DOUBLE)
        - t.{{ (use ~ "_net") | identifier }} AS {{ (use ~ "_balance") | identifier }}
{%- endfor %}

FROM transition_net AS t
INNER JOIN state AS s ON s.cell_id = t.cell_id AND s."year" = t."year"
INNER JOIN state AS n ON n.cell_id = t.cell_id AND n."year" = t."year" + 1
WHERE TRUE
    {{- years.within("t", block) }}
    {{- years.dated_within("t", block) }}
    {{- years.one_later("n", block) }}
{%- endfor %};
