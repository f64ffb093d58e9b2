-- Title: Countries of the grid
-- Purpose: code, letters and name of every country that has cells
-- Units: none
-- Caveat: no rows without the static file; borders are those before 1991
-- Source: ccode of LUH2 staticData_quarterdeg.nc
-- Needs: cell
SELECT DISTINCT country_code, country_iso3, country_iso2, country
FROM cell
WHERE country_code IS NOT NULL
ORDER BY country_code;
