-- Title: Primary land that is left
-- Purpose: primary forest and other primary land at each loaded half century and in the last year,
--   as area and as a share of the first loaded year
-- Units: million hectares (Mha); shares 1
-- Caveat: of all cells, or of the region set by region (-p region=country/Brazil, or SET VARIABLE
--   in DuckDB with the exact layer and name); in LUH2 primary land can only shrink: land disturbed
--   once is secondary from then on
-- Source: state_global, state_region
-- Needs: state_global, state_region
SET VARIABLE digits = CASE WHEN getvariable('region') IS NULL THEN 1 ELSE 3 END;

WITH total AS (
    SELECT "year", primf_mha, primn_mha
    FROM state_global
    WHERE getvariable('region') IS NULL
    UNION ALL
    SELECT "year", primf_mha, primn_mha
    FROM state_region
    WHERE lower(layer || '/' || "name") = lower(getvariable('region'))
)
SELECT
    "year",
    round(primf_mha, getvariable('digits')) AS primary_forest_mha,
    round(primn_mha, getvariable('digits')) AS primary_other_mha,
    round(primf_mha / nullif(first_value(primf_mha) OVER by_year, 0), 3) AS primary_forest_share,
    round(primn_mha / nullif(first_value(primn_mha) OVER by_year, 0), 3) AS primary_other_share
FROM total
WINDOW by_year AS (ORDER BY "year" ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
QUALIFY "year" % 50 = 0
    OR row_number() OVER by_year = 1
    OR row_number() OVER by_year = count(*) OVER ()
ORDER BY "year";
