-- Title: Regions
-- Purpose: every region of every layer: the layer country has today's countries, luh2_country
--   those of LUH2's static grid, further layers come from the files of --regions
-- Units: area_ha ha
-- Caveat: borders, also disputed ones, are those of the file they come from; area_ha counts the
--   area inside the region, water included
-- Source: Natural Earth 4.1.0, 1:50m Admin 0 countries; ccode of LUH2 staticData_quarterdeg.nc;
--   files of --regions
-- Needs: none
CREATE TABLE region (
    region_id INTEGER NOT NULL,
    layer VARCHAR NOT NULL,
    code VARCHAR,
    "name" VARCHAR NOT NULL,
    area_ha DOUBLE NOT NULL,
    country_code SMALLINT
);
