-- Title: Global emissions by year
-- Purpose: global net emissions from land-use change, their ten-year mean, and their sum since the
--   first loaded year
-- Units: Pg C yr-1; cumulative Pg C
-- Caveat: the mean covers the ten rows up to the year, fewer at the start; the published totals of
--   the Global Carbon Budget include peat, which this grid probably does not
-- Source: eluc_global
-- Needs: eluc_global
SELECT
    "year",
    round(emission_pgc, 3) AS emission_pgc,
    round(avg(emission_pgc) OVER (ORDER BY "year" ROWS 9 PRECEDING), 3) AS mean_10_years_pgc,
    round(sum(emission_pgc) OVER (ORDER BY "year"), 2) AS cumulated_pgc
FROM eluc_global
ORDER BY "year";
