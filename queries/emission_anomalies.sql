-- Title: Emission anomalies
-- Purpose: the difference of each year's global net emissions from the mean of a base period, also
--   in standard deviations of that period
-- Units: Pg C yr-1; standard deviations (1)
-- Caveat: the base period is all loaded years unless first_year and last_year are set (-p, or SET
--   VARIABLE in DuckDB); the standard deviation is that of a sample (n - 1); trends are not removed
-- Source: eluc_global
-- Needs: eluc_global
SET VARIABLE chosen_first_base = coalesce(
    getvariable('first_year'), (SELECT min("year") FROM eluc_global), 0
);
SET VARIABLE chosen_last_base = coalesce(
    getvariable('last_year'), (SELECT max("year") FROM eluc_global), 0
);

WITH base AS (
    SELECT
        avg(emission_pgc) AS mean,
        stddev_samp(emission_pgc) AS std
    FROM eluc_global
    WHERE "year" BETWEEN getvariable('chosen_first_base') AND getvariable('chosen_last_base')
)
SELECT
    g."year",
    round(g.emission_pgc, 3) AS emission_pgc,
    round(g.emission_pgc - b.mean, 3) AS anomaly_pgc,
    round((g.emission_pgc - b.mean) / nullif(b.std, 0), 2) AS anomaly_std
FROM eluc_global AS g
CROSS JOIN base AS b
ORDER BY g."year";
