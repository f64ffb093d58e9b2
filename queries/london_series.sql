-- Title: One place over the years
-- Purpose: emissions and land use of the cell nearest to a place
-- Units: eluc t C ha-1 yr-1; emission_tc t C yr-1; land uses fractions of the cell (1)
-- Caveat: the place is London unless latitude and longitude are set (-p, or SET VARIABLE in
--   DuckDB); land use is that of 1 January, emissions are those of the whole year; emissions are
--   those of the first product unless product is set (-p product=committed, or SET VARIABLE in
--   DuckDB with a column of eluc)
-- Source: the notebook's look-up at 51.507 N, 0.127 W (the cell at 51.625, -0.125)
-- Needs: point
SET VARIABLE chosen_latitude = coalesce(getvariable('latitude'), 51.507);
SET VARIABLE chosen_longitude = coalesce(getvariable('longitude'), -0.127);
SET VARIABLE chosen_product = coalesce(lower(getvariable('product')), 'eluc');
SET VARIABLE chosen_measure = coalesce(nullif(lower(getvariable('product')), 'eluc'), 'emission');

SELECT
    "year",
    lat,
    lon,
    round(COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_product')])::DOUBLE, 4) AS eluc,
    round(COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_measure') || '_tc'])) AS emission_tc,
    round(urban::DOUBLE, 4) AS urban,
    round(crop::DOUBLE, 4) AS crop,
    round(pastr::DOUBLE, 4) AS pastr,
    round("range"::DOUBLE, 4) AS "range",
    round(forest::DOUBLE, 4) AS forest,
    round((primn + secdn)::DOUBLE, 4) AS other_natural
FROM point(getvariable('chosen_latitude'), getvariable('chosen_longitude'))
ORDER BY "year";
