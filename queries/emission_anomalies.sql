-- Title: Anomalies of the emissions
-- Purpose: how far the net emissions of the world in a year lie from the mean of a base period, also
--   in standard deviations of that period
-- Units: Pg C yr-1; standard deviations (1)
-- Caveat: SET VARIABLE first_year and last_year first for another base period than all loaded years;
--   the standard deviation is that of a sample (n - 1); long trends are not taken out
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
