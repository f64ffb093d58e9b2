-- Title: Countries by emissions
-- Purpose: the 25 countries with the largest mean emissions, their share of the global emissions,
--   and their lowest and highest year
-- Units: Mt C yr-1; share of the world's net emissions (1)
-- Caveat: the years are the last ten with emissions unless first_year and last_year are set (-p,
--   or SET VARIABLE in DuckDB); emissions are net, so the shares of the sources alone may exceed 1;
--   borders are those of today, drawn by Natural Earth; Unassigned is what is in no country;
--   emissions are those of the first product unless product is set (-p product=committed, or SET
--   VARIABLE in DuckDB with a column of eluc)
-- Source: eluc_country
-- Needs: year, eluc_country
SET VARIABLE chosen_last_year = coalesce(
    getvariable('last_year'), (SELECT max("year") FROM "year" WHERE has_eluc)
);
SET VARIABLE chosen_first_year = coalesce(getvariable('first_year'), getvariable('chosen_last_year') - 9);
SET VARIABLE chosen_measure = coalesce(nullif(lower(getvariable('product')), 'eluc'), 'emission');

WITH emission AS (
    SELECT
        country_iso3,
        country,
        "year",
        COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_measure') || '_mtc']) AS emission_mtc
    FROM eluc_country
),

mean AS (
    SELECT
        country_iso3,
        country,
        count(emission_mtc) AS years,
        avg(emission_mtc) AS emission_mtc,
        min(emission_mtc) AS lowest_mtc,
        max(emission_mtc) AS highest_mtc
    FROM emission
    WHERE "year" BETWEEN CAST(getvariable('chosen_first_year') AS SMALLINT)
        AND CAST(getvariable('chosen_last_year') AS SMALLINT)
    GROUP BY country_iso3, country
)
SELECT
    country,
    country_iso3,
    years,
    round(emission_mtc, 2) AS emission_mtc,
    round(emission_mtc / sum(emission_mtc) OVER (), 4) AS share,
    round(lowest_mtc, 2) AS lowest_mtc,
    round(highest_mtc, 2) AS highest_mtc
FROM mean
WHERE emission_mtc IS NOT NULL
ORDER BY mean.emission_mtc DESC, country
LIMIT 25;
