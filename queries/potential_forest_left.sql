-- Title: Potential forest that is left
-- Purpose: land use of the cells that LUH2 classifies as potential forest, on the first loaded 1
--   January of each decade and the last one
-- Units: million hectares (Mha); share of the cells' land (1)
-- Caveat: needs the static file (luc-load build --static); without it there are no rows; wood
--   harvest turns primary into secondary forest, so forest_share falls only by clearing
-- Source: state, potential_forest (fstnf) of the static file
-- Needs: year, cell, land_use
WITH cover AS (
    SELECT
        s.*,
        c.area_ha,
        s.forest + s.crop + s.pastr + s."range" + s.urban + s.primn + s.secdn
            + coalesce(s.pltns, 0) AS land
    FROM (
        FROM land_use
        -- Only LUH3 has plantations.
        UNION ALL BY NAME
        SELECT CAST(NULL AS REAL) AS pltns
        WHERE FALSE
    ) AS s
    INNER JOIN cell AS c ON c.cell_id = s.cell_id
    WHERE c.potential_forest
        AND s."year" IN (
            SELECT min("year") FROM "year" WHERE has_state GROUP BY "year" // 10
            UNION ALL
            SELECT max("year") FROM "year" WHERE has_state
        )
)
SELECT
    "year",
    round(sum(primf * area_ha) / 1e6, 1) AS primary_mha,
    round(sum(secdf * area_ha) / 1e6, 1) AS secondary_mha,
    round(sum(crop * area_ha) / 1e6, 1) AS crop_mha,
    round(sum((pastr + "range") * area_ha) / 1e6, 1) AS grazing_mha,
    round(sum(urban * area_ha) / 1e6, 2) AS urban_mha,
    round(sum((primn + secdn) * area_ha) / 1e6, 1) AS other_natural_mha,
    round(sum(forest * area_ha) / nullif(sum(land * area_ha), 0), 4) AS forest_share
FROM cover
WHERE land IS NOT NULL
GROUP BY "year"
ORDER BY "year";
