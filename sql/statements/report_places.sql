-- Title: Countries by year
-- Purpose: emissions, forest and cropland of each country in every year that has any of them
-- Units: Mt C yr-1; million hectares
-- Caveat: cells without a country are left out
-- Source: eluc_country, state_country
-- Needs: eluc_country, state_country
SELECT
    coalesce(e.country, s.country) AS country,
    coalesce(e."year", s."year") AS "year",
    e.emission_mtc,
    s.forest_mha,
    s.crop_mha
FROM eluc_country AS e
FULL OUTER JOIN state_country AS s ON e.country = s.country AND e."year" = s."year"
WHERE coalesce(e.country_code, s.country_code) IS NOT NULL
ORDER BY country, "year";
