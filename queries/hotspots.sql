-- Title: Where emissions are largest
-- Purpose: the 25 cells with the largest emissions
-- Units: emission_tc t C; eluc_mean t C ha-1 yr-1; changes fractions of the cell (1)
-- Caveat: cells of the globe, or those with a part in the region set by region (-p
--   region=country/Brazil, or SET VARIABLE in DuckDB with the exact layer and name), which count
--   completely; the years are the last ten with emissions unless first_year and last_year are set
--   (-p, or SET VARIABLE in DuckDB); country is today's country with the largest part of the cell;
--   changes are summed over the years that have both states, and NULL if there is none; emissions
--   are those of the first product unless product is set (-p product=committed, or SET VARIABLE in
--   DuckDB with a column of eluc)
-- Source: eluc, luc
-- Needs: year, cell, cell_region, region, eluc, luc
SET VARIABLE chosen_last_year = coalesce(
    getvariable('last_year'), (SELECT max("year") FROM "year" WHERE has_eluc)
);
SET VARIABLE chosen_first_year = coalesce(getvariable('first_year'), getvariable('chosen_last_year') - 9);
SET VARIABLE chosen_product = coalesce(lower(getvariable('product')), 'eluc');

WITH emission AS (
    SELECT cell_id, "year", COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_product')]) AS eluc
    FROM eluc
),

top AS (
    SELECT
        e.cell_id,
        sum(e.eluc * c.area_ha) AS emission_tc,
        avg(e.eluc) AS eluc_mean
    FROM emission AS e
    INNER JOIN cell AS c ON c.cell_id = e.cell_id
    WHERE e."year" BETWEEN CAST(getvariable('chosen_first_year') AS SMALLINT)
        AND CAST(getvariable('chosen_last_year') AS SMALLINT)
        AND (getvariable('region') IS NULL OR e.cell_id IN (
            SELECT m.cell_id
            FROM cell_region AS m
            INNER JOIN region AS r ON r.region_id = m.region_id
            WHERE lower(r.layer || '/' || r."name") = lower(getvariable('region'))
        ))
    GROUP BY e.cell_id
    ORDER BY emission_tc DESC NULLS LAST, e.cell_id
    LIMIT 25
),

change AS (
    SELECT
        cell_id,
        sum(forest_diff) AS forest_change,
        sum(crop_diff) AS crop_change
    FROM luc
    WHERE "year" BETWEEN CAST(getvariable('chosen_first_year') AS SMALLINT)
        AND CAST(getvariable('chosen_last_year') AS SMALLINT)
        AND cell_id IN (SELECT cell_id FROM top)
    GROUP BY cell_id
),

country AS (
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
    round(t.emission_tc) AS emission_tc,
    round(t.eluc_mean, 3) AS eluc_mean,
    round(d.forest_change, 4) AS forest_change,
    round(d.crop_change, 4) AS crop_change
FROM top AS t
INNER JOIN cell AS c ON c.cell_id = t.cell_id
LEFT JOIN change AS d ON d.cell_id = t.cell_id
LEFT JOIN country AS o ON o.cell_id = t.cell_id
ORDER BY t.emission_tc DESC NULLS LAST, t.cell_id;
