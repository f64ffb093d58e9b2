-- Title: Land-use change between two years
-- Purpose: state_change(first_year, last_year) is every variable of state in the last year minus
--   its value in the first, one row a cell
-- Units: those of the variables of state
-- Caveat: only cells with a row in both years; the change during the calendar years first_year to
--   last_year - 1, as states are those of 1 January; USE the database first when it is attached
-- Source: {{ titles.state | comment }}
-- Needs: state
CREATE OR REPLACE MACRO state_change(first_year, last_year) AS TABLE
SELECT
    later.cell_id,
    earlier."year" AS first_year,
    later."year" AS last_year
{%- for variable in variables["state"] %},
    later.{{ variable.column | identifier }} - earlier.{{ variable.column | identifier }}
        AS {{ (variable.column ~ "_diff") | identifier }}
{%- endfor %}

FROM state AS later
INNER JOIN state AS earlier ON earlier.cell_id = later.cell_id
WHERE later."year" = CAST(last_year AS SMALLINT)
    AND earlier."year" = CAST(first_year AS SMALLINT);
