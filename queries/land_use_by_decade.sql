-- Title: Global land use by decade
-- Purpose: area of cropland, pasture, rangeland, forest, other natural vegetation and urban land on
--   the first loaded 1 January of each decade, and the change since the decade before
-- Units: million hectares (Mha)
-- Caveat: of all cells, or of the region set by region (-p region=country/Brazil, or SET VARIABLE
--   in DuckDB with the exact layer and name); forest is primf + secdf, land that LUH2 classifies as
--   potential forest, not FAO forest
-- Source: state_global, state_region
-- Needs: state_global, state_region
SET VARIABLE digits = CASE WHEN getvariable('region') IS NULL THEN 1 ELSE 3 END;

WITH total AS (
    SELECT "year", crop_mha, pastr_mha, range_mha, forest_mha, primn_mha, secdn_mha, urban_mha
    FROM state_global
    WHERE getvariable('region') IS NULL
    UNION ALL
    SELECT "year", crop_mha, pastr_mha, range_mha, forest_mha, primn_mha, secdn_mha, urban_mha
    FROM state_region
    WHERE lower(layer || '/' || "name") = lower(getvariable('region'))
),

decade AS (
    SELECT *
    FROM total
    QUALIFY row_number() OVER (PARTITION BY "year" // 10 ORDER BY "year") = 1
)
SELECT
    "year",
    round(crop_mha, getvariable('digits')) AS crop_mha,
    round(pastr_mha, getvariable('digits')) AS pasture_mha,
    round(range_mha, getvariable('digits')) AS rangeland_mha,
    round(forest_mha, getvariable('digits')) AS forest_mha,
    round(primn_mha + secdn_mha, getvariable('digits')) AS other_natural_mha,
    round(urban_mha, getvariable('digits') + 1) AS urban_mha,
    round(crop_mha - lag(crop_mha) OVER by_year, getvariable('digits')) AS crop_change_mha,
    round(forest_mha - lag(forest_mha) OVER by_year, getvariable('digits')) AS forest_change_mha
FROM decade
WINDOW by_year AS (ORDER BY "year")
ORDER BY "year";
