-- Title: Find a country
-- Purpose: the number in cell of the country with the ISO code or name $1, whatever its case
-- Units: none
-- Caveat: LUH2 knows the borders before 1991
-- Source: cell
-- Needs: cell
SELECT DISTINCT country_code
FROM cell
WHERE country_code IS NOT NULL
    AND (
        lower(country_iso3) = lower($1)
        OR lower(country_iso2) = lower($1)
        OR lower(country) = lower($1)
    );
