-- Title: Series at a place
-- Purpose: point(latitude, longitude) is the rows of eluc_state at the nearest cell, in order of year
-- Units: degrees north, degrees east; columns as in eluc_state
-- Caveat: no rows where the nearest cell is not stored (sea), nor more than one cell outside a regional
--   grid; USE the database first when it is attached
-- Source: {{ titles.eluc | comment }}; {{ titles.state | comment }}
-- Needs: cell_at, eluc_state
CREATE OR REPLACE MACRO point(latitude, longitude) AS TABLE
SELECT *
FROM eluc_state
WHERE cell_id = cell_at(latitude, longitude)
ORDER BY "year";
