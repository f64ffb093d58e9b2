-- Title: Emission anomalies
-- Purpose: the difference of each year's global net emissions from the mean of a base period, also
--   in standard deviations of that period
-- Units: Pg C yr-1; standard deviations (1)
-- Caveat: of all cells, or of the region set by region (-p region=country/Brazil, or SET VARIABLE
--   in DuckDB with the exact layer and name); the base period is all loaded years unless first_year
--   and last_year are set (-p, or SET VARIABLE in DuckDB); the standard deviation is that of a
--   sample (n - 1); trends are not removed; emissions are those of the first product unless product
--   is set (-p product=committed, or SET VARIABLE in DuckDB with a column of eluc)
-- Source: eluc_global, eluc_region
-- Needs: eluc_global, eluc_region
SET VARIABLE chosen_measure = coalesce(nullif(lower(getvariable('product')), 'eluc'), 'emission');
SET VARIABLE digits = CASE WHEN getvariable('region') IS NULL THEN 3 ELSE 6 END;
SET VARIABLE chosen_first_base = coalesce(
    getvariable('first_year'), (SELECT min("year") FROM eluc_global), 0
);
SET VARIABLE chosen_last_base = coalesce(
    getvariable('last_year'), (SELECT max("year") FROM eluc_global), 0
);

WITH emission AS (
    SELECT "year", COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_measure') || '_pgc']) AS emission_pgc
    FROM eluc_global
    WHERE getvariable('region') IS NULL
    UNION ALL
    SELECT "year", COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_measure') || '_mtc']) / 1e3
    FROM eluc_region
    WHERE lower(layer || '/' || "name") = lower(getvariable('region'))
),

base AS (
    SELECT
        avg(emission_pgc) AS mean,
        stddev_samp(emission_pgc) AS std
    FROM emission
    WHERE "year" BETWEEN getvariable('chosen_first_base') AND getvariable('chosen_last_base')
)
SELECT
    g."year",
    round(g.emission_pgc, getvariable('digits')) AS emission_pgc,
    round(g.emission_pgc - b.mean, getvariable('digits')) AS anomaly_pgc,
    round((g.emission_pgc - b.mean) / nullif(b.std, 0), 2) AS anomaly_std
FROM emission AS g
CROSS JOIN base AS b
ORDER BY g."year";
