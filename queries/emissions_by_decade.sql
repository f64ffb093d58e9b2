-- Title: Emissions by decade
-- Purpose: mean, minimum and maximum of the global net emissions in each decade, and their sum as
--   carbon and as carbon dioxide
-- Units: Pg C yr-1; sums Pg C and Pg CO2
-- Caveat: of all cells, or of the region set by region (-p region=country/Brazil, or SET VARIABLE
--   in DuckDB with the exact layer and name); the first and the last decade may be incomplete; the
--   column years gives the number of loaded years; the published totals of the Global Carbon Budget
--   include peat, which this grid probably does not; emissions are those of the first product
--   unless product is set (-p product=committed, or SET VARIABLE in DuckDB with a column of eluc)
-- Source: eluc_global, eluc_region; 3.664 Pg CO2 per Pg C (Friedlingstein et al. 2022)
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
),

cumulative AS (
    SELECT *, sum(emission_pgc) OVER (ORDER BY "year") AS cumulative_pgc
    FROM emission
)
SELECT
    "year" // 10 * 10 AS decade,
    count(emission_pgc) AS years,
    round(avg(emission_pgc), getvariable('digits')) AS mean_pgc,
    round(min(emission_pgc), getvariable('digits')) AS lowest_pgc,
    round(max(emission_pgc), getvariable('digits')) AS highest_pgc,
    round(sum(emission_pgc), getvariable('digits') - 1) AS total_pgc,
    round(sum(emission_pgc) * 3.664, getvariable('digits') - 1) AS total_pgco2,
    round(max_by(cumulative_pgc, "year"), getvariable('digits') - 1) AS cumulative_pgc
FROM cumulative
GROUP BY decade
ORDER BY decade;
