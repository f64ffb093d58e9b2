-- Title: Countries by cumulative emissions
-- Purpose: the 25 countries with the largest net emissions since the first loaded year, as carbon
--   and as carbon dioxide, and their emissions in the last 50 loaded years
-- Units: Pg C, Pg CO2; share of the world's net emissions (1)
-- Caveat: first_year is the first loaded year, which is 1850 only if all years are loaded;
--   borders are those of today, drawn by Natural Earth; Unassigned is what is in no country;
--   emissions are those of the first product unless product is set (-p product=committed, or SET
--   VARIABLE in DuckDB with a column of eluc)
-- Source: eluc_country; 3.664 Pg CO2 per Pg C (Friedlingstein et al. 2022)
-- Needs: eluc_country
SET VARIABLE chosen_measure = coalesce(nullif(lower(getvariable('product')), 'eluc'), 'emission');

WITH emission AS (
    SELECT
        country_iso3,
        country,
        "year",
        COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_measure') || '_mtc']) AS emission_mtc
    FROM eluc_country
),

total AS (
    SELECT
        country_iso3,
        country,
        min("year") FILTER (emission_mtc IS NOT NULL) AS first_year,
        max("year") FILTER (emission_mtc IS NOT NULL) AS last_year,
        sum(emission_mtc) / 1e3 AS emission_pgc,
        sum(emission_mtc) FILTER ("year" > (SELECT max("year") - 50 FROM eluc_country)) / 1e3
            AS recent_pgc
    FROM emission
    GROUP BY country_iso3, country
)
SELECT
    country,
    country_iso3,
    first_year,
    last_year,
    round(emission_pgc, 3) AS cumulative_pgc,
    round(emission_pgc * 3.664, 3) AS cumulative_pgco2,
    round(emission_pgc / sum(emission_pgc) OVER (), 4) AS share,
    round(recent_pgc, 3) AS last_50_years_pgc
FROM total
WHERE emission_pgc IS NOT NULL
ORDER BY emission_pgc DESC, country
LIMIT 25;
