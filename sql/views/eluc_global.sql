-- Title: Global emissions by year
-- Purpose: net emissions from land-use change of all stored cells, a year a row
-- Units: Pg C yr-1
-- Caveat: all stored cells count, those that the land mask calls sea too; the published totals of
--   the Global Carbon Budget include peat, the grid probably does not
-- Source: BLUE ELUC
-- Needs: year, year_total
CREATE OR REPLACE VIEW eluc_global AS
SELECT
    t."year",
    t.emission_pgc
FROM year_total AS t
INNER JOIN "year" AS y ON y."year" = t."year"
WHERE y.has_eluc;
