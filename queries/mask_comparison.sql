-- Title: The land mask compared with LUH2's cells
-- Purpose: number and area of the cells on which the land mask and LUH2 agree or differ, by band of
--   latitude
-- Units: cells; million hectares (Mha) of whole cells, and of their land by land_fraction
-- Caveat: LUH2 has no Antarctica, and has coastal cells whose centre is sea in the mask; lakes are
--   land in the mask
-- Source: cell
-- Needs: cell
SELECT
    CASE
        WHEN lat < -60 THEN '1 Antarctica (south of 60 S)'
        WHEN lat < 0 THEN '2 southern hemisphere'
        WHEN lat < 60 THEN '3 northern hemisphere'
        ELSE '4 north of 60 N'
    END AS band,
    is_land,
    has_state,
    count(*) AS cells,
    round(sum(area_ha) / 1e6, 1) AS area_mha,
    round(sum(area_ha * land_fraction) / 1e6, 1) AS land_mha
FROM cell
WHERE is_land OR has_state
GROUP BY band, is_land, has_state
ORDER BY band, is_land DESC, has_state DESC;
