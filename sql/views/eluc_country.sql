-- Title: Emissions by country and year
-- Purpose: net emissions from land-use change of all stored cells of a country; cells without one
--   are the row 'Unassigned' of each year, so that a year sums to eluc_global
-- Units: Mt C yr-1
-- Caveat: borders are those before 1991, which cannot be split: the Soviet Union, Yugoslavia and
--   Czechoslovakia are one row each; without the static file everything is 'Unassigned'
-- Source: BLUE ELUC, ccode of LUH2 staticData_quarterdeg.nc
-- Needs: eluc_total
CREATE OR REPLACE VIEW eluc_country AS
SELECT
    country_code,
    country_iso3,
    country,
    "year",
    emission_mtc
FROM eluc_total;
