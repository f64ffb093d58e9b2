-- Title: Loaded years
-- Purpose: every loaded year and which tables have it, in order
-- Units: calendar years
-- Caveat: none
-- Source: the table year
-- Needs: year
SELECT "year", has_eluc, has_state
FROM "year"
ORDER BY "year";
