-- Title: Land use, year over year
-- Purpose: every variable of state in a year less its value in the latest earlier year of the
--   table, labelled with the later year as xarray's diff does
-- Units: those of the variables: fractions of the cell (1); secmb kg C m-2; secma years
-- Caveat: never join it to eluc on year, use luc: the emissions of a year belong to the change that
--   state_diff labels with the following year. A gap in the years shows in prev_year; a cell
--   without a row in either year has no row
-- Source: LUH2-GCB2022 states.nc
-- Needs: year, state
CREATE OR REPLACE VIEW state_diff AS
SELECT
    cur.cell_id,
    cur."year",
    y.prev_year
{%- for variable in variables["state"] %},
    cur.{{ variable.column | identifier }} - prev.{{ variable.column | identifier }}
        AS {{ (variable.column ~ "_diff") | identifier }}
{%- endfor %}

FROM state AS cur
INNER JOIN (
    SELECT "year", lag("year") OVER (ORDER BY "year") AS prev_year
    FROM "year"
    WHERE has_state
) AS y ON y."year" = cur."year"
INNER JOIN state AS prev ON prev.cell_id = cur.cell_id AND prev."year" = y.prev_year;
