-- Title: Land that changed its use
-- Purpose: the area that went from one land use to another in a year, on average of a decade, and its
--   share of the land, over all stored cells
-- Units: million hectares a year (Mha yr-1); share of the land a year (1)
-- Caveat: net within a cell and year, so less than the gross areas of transition; wood harvest of
--   primary land counts, that of secondary land does not; land is the sum of the 12 land uses; years
--   says how many years of the decade have both states
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
