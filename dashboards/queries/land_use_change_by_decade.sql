-- Title: Change of the land uses by decade
-- Purpose: how much the area of each group of land uses changed in each decade
-- Units: million hectares (Mha)
-- Caveat: net; from the first loaded 1 January of a decade to the first of the next, so the first and
--   the last decade may be incomplete; forest is land that LUH2 classifies as potential forest, not
--   FAO forest
-- Source: state_global
-- Needs: state_global
WITH area AS (
    UNPIVOT (
        SELECT
            "year",
            forest_mha AS forest,
            primn_mha + secdn_mha AS "other natural",
            crop_mha AS cropland,
            pastr_mha AS pasture,
            range_mha AS rangeland,
            urban_mha AS urban
        FROM state_global
    ) ON forest, "other natural", cropland, pasture, rangeland, urban
    INTO NAME land_use VALUE area_mha
),

change AS (
    SELECT
        "year",
        land_use,
        lead(area_mha) OVER (PARTITION BY land_use ORDER BY "year") - area_mha AS change_mha
    FROM area
)

SELECT
    make_date("year" // 10 * 10, 1, 1) AS "date",
    "year" // 10 * 10 || 's' AS decade,
    land_use,
    sum(change_mha) AS change_mha
FROM change
WHERE change_mha IS NOT NULL
GROUP BY ALL
ORDER BY ALL;
