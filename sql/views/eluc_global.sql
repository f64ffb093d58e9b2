-- Title: Global emissions by year
-- Purpose: net emissions from land-use change of all stored cells, a year a row
-- Units: Pg C yr-1
-- Caveat: all stored cells count, those that the land mask calls sea too; the published totals of
--   the Global Carbon Budget include peat, the grid probably does not
-- Source: BLUE ELUC
-- Needs: eluc_total
CREATE OR REPLACE VIEW eluc_global AS
SELECT
    "year",
    sum(emission_mtc) / 1e3 AS emission_pgc
FROM eluc_total
GROUP BY "year"
ORDER BY "year";
