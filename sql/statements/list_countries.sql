-- Title: Countries of the cells
-- Purpose: number, ISO code and name of every country that has cells, by number
-- Units: none
-- Caveat: LUH2 has pre-1991 borders; a number that ISO does not have has neither code nor name
-- Source: cell
-- Needs: cell
SELECT DISTINCT country_code, country_iso3, country
FROM cell
WHERE country_code IS NOT NULL
ORDER BY country_code;
