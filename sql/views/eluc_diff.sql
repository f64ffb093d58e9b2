-- Title: Emissions, year over year
-- Purpose: eluc of a year less eluc of the latest earlier year of the table, labelled with the
--   later year
-- Units: t C ha-1 yr-1
-- Caveat: a gap in the years shows in prev_year; a cell without a row in either year has no row
-- Source: BLUE ELUC
-- Needs: year, eluc

-- Blocks of years bound the hash tables; a filter on the year prunes blocks.
CREATE OR REPLACE VIEW eluc_diff AS
WITH pair AS NOT MATERIALIZED (
    SELECT "year", lag("year") OVER (ORDER BY "year") AS prev_year
    FROM "year"
    WHERE has_eluc
)
{%- for block in blocks["eluc_diff"] %}
{%- if not loop.first %}
UNION ALL
{%- endif %}
SELECT
    cur.cell_id,
    cur."year",
    pair.prev_year
{%- for variable in variables["eluc"] %},
    cur.{{ variable.column | identifier }} - prev.{{ variable.column | identifier }}
        AS {{ (variable.column ~ "_diff") | identifier }}
{%- endfor %}

FROM eluc AS cur
INNER JOIN pair ON pair."year" = cur."year"
INNER JOIN eluc AS prev ON prev.cell_id = cur.cell_id AND prev."year" = pair.prev_year
WHERE TRUE
    {%- if block.first is not none %} AND cur."year" >= {{ block.first | literal }}{% endif %}
    {%- if block.before is not none %} AND prev."year" >= {{ block.before | literal }}{% endif %}
    {%- if block.stop is not none %}
    AND cur."year" < {{ block.stop | literal }} AND prev."year" < {{ block.stop | literal }}
    {%- endif %}
{%- endfor %};
