-- Title: Land that changed use
-- Purpose: the area that changed from one land use to another per year, as the mean of each decade,
--   and its share of the land, over all stored cells
-- Units: million hectares a year (Mha yr-1); share of the land a year (1)
-- Caveat: net within a cell and year, so less than the gross area of the transitions; wood harvest
--   of primary land counts, that of secondary land does not; land is the sum of the 12 land uses;
--   the column years gives the number of years that have both states
-- Source: land_change
-- Needs: land_change
SELECT
    "year" // 10 * 10 AS decade,
    count(DISTINCT "year") AS years,
    round(sum(changed_ha) / count(DISTINCT "year") / 1e6, 2) AS changed_mha,
    round(sum(changed_ha) / nullif(sum(land_ha), 0), 6) AS changed_share
FROM land_change
WHERE changed_ha IS NOT NULL
GROUP BY decade
ORDER BY decade;
