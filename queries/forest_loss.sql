-- Title: Where forest was lost
-- Purpose: forest lost and gained by decade, and the land uses that gained or lost with it, over
--   all stored cells
-- Units: million hectares (Mha) over the decade's loaded years
-- Caveat: net within a cell and year; forest is primf + secdf, land that LUH2 classifies as
--   potential forest, not FAO forest, young regrowth included; the column years gives the number of
--   years that have both states
-- Source: luc
-- Needs: luc
SELECT
    "year" // 10 * 10 AS decade,
    count(DISTINCT "year") AS years,
    round(-sum(least(forest_diff, 0) * area_ha) / 1e6, 1) AS forest_lost_mha,
    round(sum(greatest(forest_diff, 0) * area_ha) / 1e6, 1) AS forest_gained_mha,
    round(sum(crop_diff * area_ha) / 1e6, 1) AS crop_change_mha,
    round(sum((pastr_diff + range_diff) * area_ha) / 1e6, 1) AS grazing_change_mha,
    round(sum(urban_diff * area_ha) / 1e6, 2) AS urban_change_mha,
    round(sum(emission_tc) / 1e9, 2) AS emission_pgc
FROM luc
GROUP BY decade
ORDER BY decade;
