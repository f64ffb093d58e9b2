-- Title: Where cropland expanded
-- Purpose: the 25 cells whose cropland grew most between two years, with the change of the other
--   land uses
-- Units: hectares (ha), changes between the two 1 Januaries
-- Caveat: cells of the globe, or those with a part in the region set by region (-p
--   region=country/Brazil, or SET VARIABLE in DuckDB with the exact layer and name), which count
--   completely; the years are the last with states and ten years before it, or the first loaded,
--   unless first_year and last_year are set (-p, or SET VARIABLE in DuckDB); changes are net
--   between the two years; country is today's country with the largest part of the cell; forest is
--   primf + secdf, land that LUH2 classifies as potential forest, not FAO forest; grazing is pasture
--   and rangeland
-- Source: land_use
-- Needs: year, cell, cell_region, region, land_use
SET VARIABLE chosen_last_year = coalesce(
    getvariable('last_year'), (SELECT max("year") FROM "year" WHERE has_state)
);
SET VARIABLE chosen_first_year = coalesce(
    getvariable('first_year'),
    (
        SELECT min("year")
        FROM "year"
        WHERE has_state AND "year" >= getvariable('chosen_last_year') - 10
    )
);

WITH country AS (
    SELECT m.cell_id, first(r."name" ORDER BY m.share DESC, r."name") AS country
    FROM cell_region AS m
    INNER JOIN region AS r ON r.region_id = m.region_id
    WHERE r.layer = 'country'
    GROUP BY m.cell_id
)
SELECT
    c.lat,
    c.lon,
    o.country,
    round((n.crop - s.crop) * c.area_ha) AS crop_ha,
    round((n.forest - s.forest) * c.area_ha) AS forest_ha,
    round((n.pastr + n."range" - s.pastr - s."range") * c.area_ha) AS grazing_ha,
    round((n.primn + n.secdn - s.primn - s.secdn) * c.area_ha) AS other_natural_ha,
    round((n.urban - s.urban) * c.area_ha) AS urban_ha
FROM land_use AS s
INNER JOIN land_use AS n ON n.cell_id = s.cell_id
INNER JOIN cell AS c ON c.cell_id = s.cell_id
LEFT JOIN country AS o ON o.cell_id = s.cell_id
WHERE s."year" = CAST(getvariable('chosen_first_year') AS SMALLINT)
    AND n."year" = CAST(getvariable('chosen_last_year') AS SMALLINT)
    AND n.crop IS NOT NULL
    AND s.crop IS NOT NULL
    AND (getvariable('region') IS NULL OR s.cell_id IN (
        SELECT m.cell_id
        FROM cell_region AS m
        INNER JOIN region AS r ON r.region_id = m.region_id
        WHERE lower(r.layer || '/' || r."name") = lower(getvariable('region'))
    ))
ORDER BY (n.crop - s.crop) * c.area_ha DESC, c.cell_id
LIMIT 25;
