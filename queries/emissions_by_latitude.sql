-- Title: Emissions by latitude
-- Purpose: emissions of each band of ten degrees of latitude, by decade
-- Units: Pg C yr-1, mean of the decade's loaded years
-- Caveat: the first and the last decade may be incomplete; the column years gives the number of
--   loaded years
-- Source: eluc
-- Needs: cell, eluc
WITH yearly AS (
    SELECT
        e."year",
        CAST(floor(c.lat / 10) * 10 AS INTEGER) AS south,
        sum(e.eluc * c.area_ha) / 1e9 AS emission_pgc
    FROM eluc AS e
    INNER JOIN cell AS c ON c.cell_id = e.cell_id
    GROUP BY ALL
)
SELECT
    "year" // 10 * 10 AS decade,
    south,
    south + 10 AS north,
    count(*) AS years,
    round(avg(emission_pgc), 4) AS emission_pgc
FROM yearly
GROUP BY decade, south
ORDER BY decade, south DESC;
