-- Title: Global land use by decade
-- Purpose: area of cropland, pasture, rangeland, forest, other natural vegetation and urban land on
--   the first loaded 1 January of each decade, and the change since the decade before
-- Units: million hectares (Mha)
-- Caveat: forest is primf + secdf, land that LUH2 classifies as potential forest, not FAO forest
-- Source: state_global
-- Needs: state_global
WITH decade AS (
    SELECT *
    FROM state_global
    QUALIFY row_number() OVER (PARTITION BY "year" // 10 ORDER BY "year") = 1
)
SELECT
    "year",
    round(crop_mha, 1) AS crop_mha,
    round(pastr_mha, 1) AS pasture_mha,
    round(range_mha, 1) AS rangeland_mha,
    round(forest_mha, 1) AS forest_mha,
    round(primn_mha + secdn_mha, 1) AS other_natural_mha,
    round(urban_mha, 2) AS urban_mha,
    round(crop_mha - lag(crop_mha) OVER by_year, 1) AS crop_change_mha,
    round(forest_mha - lag(forest_mha) OVER by_year, 1) AS forest_change_mha
FROM decade
WINDOW by_year AS (ORDER BY "year")
ORDER BY "year";
