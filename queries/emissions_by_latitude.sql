-- Title: Emissions by latitude
-- Purpose: emissions of each band of ten degrees of latitude, by decade
-- Units: Pg C yr-1, mean of the decade's loaded years
-- Caveat: the first and the last decade may be incomplete; the column years gives the number of
--   loaded years; emissions are those of the first product unless product is set (-p
--   product=committed, or SET VARIABLE in DuckDB with a column of eluc)
-- Source: eluc
-- Needs: cell, eluc
SET VARIABLE chosen_product = coalesce(lower(getvariable('product')), 'eluc');

WITH emission AS (
    SELECT cell_id, "year", COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_product')]) AS eluc
    FROM eluc
),

yearly AS (
    SELECT
        e."year",
        CAST(least(floor(c.lat / 10), 8) * 10 AS INTEGER) AS south,
        sum(e.eluc * c.area_ha) / 1e9 AS emission_pgc
    FROM emission AS e
    INNER JOIN cell AS c ON c.cell_id = e.cell_id
    GROUP BY ALL
)
SELECT
    "year" // 10 * 10 AS decade,
    south,
    south + 10 AS north,
    count(emission_pgc) AS years,
    round(avg(emission_pgc), 4) AS emission_pgc
FROM yearly
GROUP BY decade, south
ORDER BY decade, south DESC;
