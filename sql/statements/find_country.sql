-- Title: Find a country
-- Purpose: number in cell and name of the country with the ISO code, number or name $1, whatever its
--   case
-- Units: none
-- Caveat: LUH2 knows the borders before 1991; a number that ISO does not have has no name
-- Source: cell
-- Needs: cell
SELECT DISTINCT country_code, country
FROM cell
WHERE country_code IS NOT NULL
    AND (
        lower(country_iso3) = lower($1)
        OR lower(country_iso2) = lower($1)
        OR lower(country) = lower($1)
        OR CAST(country_code AS VARCHAR) = ltrim($1, '0')
    );
