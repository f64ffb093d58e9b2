-- Title: The notebook's merged table
-- Purpose: the rows that the notebook writes as CSV: coordinates, year, ELUC and the 12 land uses,
--   with crop and cell area, of the land cells that both files cover
-- Units: ELUC t C ha-1 yr-1; land uses fractions of the cell (1); cell_area ha
-- Caveat: one year, the last that both tables have, unless aggregate_year or all_years is set
--   (-p, or SET VARIABLE in DuckDB); all years are many millions of rows, so write them to a file;
--   emissions are those of the first product unless product is set (-p product=committed, or SET
--   VARIABLE in DuckDB with a column of eluc)
-- Source: the notebook's merge and to_csv, secmb and secma dropped
-- Needs: year, eluc_state
SET VARIABLE chosen_all_years = coalesce(getvariable('all_years'), FALSE);
SET VARIABLE chosen_aggregate_year = coalesce(
    getvariable('aggregate_year'),
    (SELECT max("year") FROM "year" WHERE has_eluc AND has_state)
);
SET VARIABLE chosen_product = coalesce(lower(getvariable('product')), 'eluc');

SELECT
    "year" AS "time",
    lat,
    lon,
    COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_product')]) AS "ELUC",
    area_ha AS cell_area,
    primf,
    primn,
    secdf,
    secdn,
    urban,
    c3ann,
    c4ann,
    c3per,
    c4per,
    c3nfx,
    pastr,
    "range",
    crop
FROM eluc_state
WHERE is_land
    AND COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_product')]) IS NOT NULL
    AND primf IS NOT NULL
    AND (getvariable('chosen_all_years') OR "year" = CAST(getvariable('chosen_aggregate_year') AS SMALLINT))
ORDER BY "year", lat DESC, lon;
