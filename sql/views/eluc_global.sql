-- Title: Global emissions by year
-- Purpose: net emissions from land-use change of all stored cells, a year a row
-- Units: Pg C yr-1
-- Caveat: all stored cells count, those that the land mask calls sea too; the published totals of
--   the Global Carbon Budget include peat, the grid probably does not
-- Source: BLUE ELUC
-- Needs: cell, eluc
CREATE OR REPLACE VIEW eluc_global AS
SELECT
    e."year",
    sum(e.eluc * c.area_ha) / 1e9 AS emission_pgc
FROM eluc AS e
INNER JOIN cell AS c ON c.cell_id = e.cell_id
GROUP BY e."year";
