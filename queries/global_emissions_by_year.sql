-- Title: Global emissions by year
-- Purpose: global net emissions from land-use change, their ten-year mean, and their sum since the
--   first loaded year
-- Units: Pg C yr-1; cumulative Pg C
-- Caveat: of all cells, or of the region set by region (-p region=country/Brazil, or SET VARIABLE
--   in DuckDB with the exact layer and name); the mean covers the ten rows up to the year, fewer at
--   the start; the published totals of the Global Carbon Budget include peat, which this grid
--   probably does not; emissions are those of the first product unless product is set (-p
--   product=committed, or SET VARIABLE in DuckDB with a column of eluc)
-- Source: eluc_global, eluc_region
-- Needs: eluc_global, eluc_region
SET VARIABLE chosen_measure = coalesce(nullif(lower(getvariable('product')), 'eluc'), 'emission');
SET VARIABLE digits = CASE WHEN getvariable('region') IS NULL THEN 3 ELSE 6 END;

WITH emission AS (
    SELECT "year", COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_measure') || '_pgc']) AS emission_pgc
    FROM eluc_global
    WHERE getvariable('region') IS NULL
    UNION ALL
    SELECT "year", COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_measure') || '_mtc']) / 1e3
    FROM eluc_region
    WHERE lower(layer || '/' || "name") = lower(getvariable('region'))
)
SELECT
    "year",
    round(emission_pgc, getvariable('digits')) AS emission_pgc,
    round(avg(emission_pgc) OVER (ORDER BY "year" ROWS 9 PRECEDING), getvariable('digits')) AS mean_10_years_pgc,
    round(sum(emission_pgc) OVER (ORDER BY "year"), getvariable('digits') - 1) AS cumulated_pgc
FROM emission
ORDER BY "year";
