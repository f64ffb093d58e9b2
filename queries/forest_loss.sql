-- Title: Where forest was lost
-- Purpose: forest lost and gained by decade, and the land uses that gained or lost with it, over
--   all stored cells or one region
-- Units: million hectares (Mha) over the decade's loaded years
-- Caveat: of all cells, or of the region set by region (-p region=country/Brazil, or SET VARIABLE
--   in DuckDB with the exact layer and name); net within a cell and year; forest is primf + secdf,
--   land that LUH2 classifies as potential forest, not FAO forest, young regrowth included; the
--   column years gives the number of years that have both states; emissions are those of the first
--   product unless product is set (-p product=committed, or SET VARIABLE in DuckDB with a column of
--   eluc)
-- Source: luc
-- Needs: cell, cell_region, region, luc
SET VARIABLE chosen_measure = coalesce(nullif(lower(getvariable('product')), 'eluc'), 'emission');
SET VARIABLE digits = CASE WHEN getvariable('region') IS NULL THEN 1 ELSE 3 END;

WITH part AS (
    SELECT cell_id, 1 AS weight
    FROM cell
    WHERE getvariable('region') IS NULL
    UNION ALL
    SELECT m.cell_id, m.weight
    FROM cell_region AS m
    INNER JOIN region AS r ON r.region_id = m.region_id
    WHERE lower(r.layer || '/' || r."name") = lower(getvariable('region'))
),

change AS (
    SELECT
        c."year",
        c.area_ha * p.weight / 1e6 AS area_mha,
        c.forest_diff,
        c.crop_diff,
        c.pastr_diff + c.range_diff AS grazing_diff,
        c.urban_diff,
        COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_measure') || '_tc']) * p.weight AS emission_tc
    FROM luc AS c
    INNER JOIN part AS p ON p.cell_id = c.cell_id
)
SELECT
    "year" // 10 * 10 AS decade,
    count(DISTINCT "year") AS years,
    round(-sum(least(forest_diff, 0) * area_mha), getvariable('digits')) AS forest_lost_mha,
    round(sum(greatest(forest_diff, 0) * area_mha), getvariable('digits')) AS forest_gained_mha,
    round(sum(crop_diff * area_mha), getvariable('digits')) AS crop_change_mha,
    round(sum(grazing_diff * area_mha), getvariable('digits')) AS grazing_change_mha,
    round(sum(urban_diff * area_mha), getvariable('digits') + 1) AS urban_change_mha,
    round(sum(emission_tc) / 1e9, getvariable('digits') + 1) AS emission_pgc
FROM change
GROUP BY decade
ORDER BY decade;
