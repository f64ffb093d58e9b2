-- Title: Emissions, year over year
-- Purpose: eluc of a year less eluc of the latest earlier year of the table, labelled with the
--   later year
-- Units: t C ha-1 yr-1
-- Caveat: a gap in the years shows in prev_year; a cell without a row in either year has no row
-- Source: BLUE ELUC
-- Needs: year, eluc
CREATE OR REPLACE VIEW eluc_diff AS
SELECT
    cur.cell_id,
    cur."year",
    y.prev_year
{%- for variable in variables["eluc"] %},
    cur.{{ variable.column | identifier }} - prev.{{ variable.column | identifier }}
        AS {{ (variable.column ~ "_diff") | identifier }}
{%- endfor %}

FROM eluc AS cur
INNER JOIN (
    SELECT "year", lag("year") OVER (ORDER BY "year") AS prev_year
    FROM "year"
    WHERE has_eluc
) AS y ON y."year" = cur."year"
INNER JOIN eluc AS prev ON prev.cell_id = cur.cell_id AND prev."year" = y.prev_year;
