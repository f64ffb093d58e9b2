-- Title: Land use, year over year
-- Purpose: every variable of state in a year less its value in the latest earlier year of the
--   table, labelled with the later year as xarray's diff does
-- Units: those of the variables: fractions of the cell (1); secmb kg C m-2; secma years
-- Caveat: never join it to eluc on year, use luc: the emissions of a year belong to the change that
--   state_diff labels with the following year. A gap in the years shows in prev_year; a cell
--   without a row in either year has no row
-- Source: LUH2-GCB2022 states.nc
-- Needs: year, state

-- Blocks of years bound the hash tables; a filter on the year prunes blocks.
CREATE OR REPLACE VIEW state_diff AS
WITH pair AS NOT MATERIALIZED (
    SELECT "year", lag("year") OVER (ORDER BY "year") AS prev_year
    FROM "year"
    WHERE has_state
)
{%- for block in blocks["state_diff"] %}
{%- if not loop.first %}
UNION ALL
{%- endif %}
SELECT
    cur.cell_id,
    cur."year",
    pair.prev_year
{%- for variable in variables["state"] %},
    cur.{{ variable.column | identifier }} - prev.{{ variable.column | identifier }}
        AS {{ (variable.column ~ "_diff") | identifier }}
{%- endfor %}

FROM state AS cur
INNER JOIN pair ON pair."year" = cur."year"
INNER JOIN state AS prev ON prev.cell_id = cur.cell_id AND prev."year" = pair.prev_year
WHERE TRUE
    {%- if block.first is not none %} AND cur."year" >= {{ block.first | literal }}{% endif %}
    {%- if block.before is not none %} AND prev."year" >= {{ block.before | literal }}{% endif %}
    {%- if block.stop is not none %}
    AND cur."year" < {{ block.stop | literal }} AND prev."year" < {{ block.stop | literal }}
    {%- endif %}
{%- endfor %};
