-- Title: Map of one year
-- Purpose: emissions and land use of every stored cell in one year, ready to be mapped
-- Units: degrees; eluc t C ha-1 yr-1; land uses fractions of the cell (1)
-- Caveat: the year is the last one with emissions, or with states if there are none, unless
--   map_year is set (-p, or SET VARIABLE in DuckDB); emissions are those of the first product
--   unless product is set (-p product=committed, or SET VARIABLE in DuckDB with a column of eluc)
-- Source: the notebook's map of ELUC
-- Needs: year, eluc_state
SET VARIABLE chosen_map_year = coalesce(
    getvariable('map_year'),
    (SELECT max("year") FROM "year" WHERE has_eluc),
    (SELECT max("year") FROM "year")
);
SET VARIABLE chosen_product = coalesce(lower(getvariable('product')), 'eluc');

SELECT
    lat,
    lon,
    is_land,
    round(COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_product')])::DOUBLE, 4) AS eluc,
    round(crop::DOUBLE, 4) AS crop,
    round(pastr::DOUBLE, 4) AS pastr,
    round("range"::DOUBLE, 4) AS "range",
    round(forest::DOUBLE, 4) AS forest,
    round(urban::DOUBLE, 4) AS urban
FROM eluc_state
WHERE "year" = CAST(getvariable('chosen_map_year') AS SMALLINT)
ORDER BY lat DESC, lon;
