-- Emissions, forest and cropland of each country in every year that has any of them. What is in no
-- country is left out.
SELECT
    coalesce(e."name", s."name") AS country,
    coalesce(e."year", s."year") AS "year",
    e.{{ emissions | identifier }},
    s.forest_mha,
    s.crop_mha
FROM (FROM eluc_region WHERE layer = 'country' AND region_id IS NOT NULL) AS e
FULL OUTER JOIN (FROM state_region WHERE layer = 'country' AND region_id IS NOT NULL) AS s
    ON e.region_id = s.region_id AND e."year" = s."year"
ORDER BY country, "year";
