-- Title: Emissions per hectare changed
-- Purpose: net emissions of each decade, the area whose land use changed, and their ratio: over all
--   stored cells, and over the cells and years in which more than 0.1 % of the cell changed
-- Units: Pg C; million hectares (Mha); t C per hectare changed
-- Caveat: ELUC also contains the legacy of earlier changes, so the ratio is not an emission
--   factor; the area is net within a cell and year; rows with a NULL land use or emission are left
--   out; emissions are those of the first product unless product is set (-p product=committed, or
--   SET VARIABLE in DuckDB with a column of eluc)
-- Source: luc
-- Needs: luc
SET VARIABLE chosen_measure = coalesce(nullif(lower(getvariable('product')), 'eluc'), 'emission');

WITH change AS (
    SELECT
        "year",
        COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_measure') || '_tc']) AS emission_tc,
        area_ha * (
            abs(primf_diff) + abs(primn_diff) + abs(secdf_diff) + abs(secdn_diff) + abs(urban_diff)
            + abs(c3ann_diff) + abs(c4ann_diff) + abs(c3per_diff) + abs(c4per_diff)
            + abs(c3nfx_diff) + abs(pastr_diff) + abs(range_diff) + abs(coalesce(pltns_diff, 0))
        ) / 2 AS changed_ha,
        area_ha
    FROM (
        FROM luc
        -- Only LUH3 has plantations.
        UNION ALL BY NAME
        SELECT CAST(NULL AS REAL) AS pltns_diff
        WHERE FALSE
    )
)
SELECT
    "year" // 10 * 10 AS decade,
    count(DISTINCT "year") AS years,
    round(sum(emission_tc) / 1e9, 3) AS emission_pgc,
    round(sum(changed_ha) / 1e6, 2) AS changed_mha,
    round(sum(emission_tc) / nullif(sum(changed_ha), 0), 1) AS emission_tc_per_ha,
    round(sum(emission_tc) FILTER (changed_ha > 0.001 * area_ha) / 1e9, 3) AS active_emission_pgc,
    round(
        sum(emission_tc) FILTER (changed_ha > 0.001 * area_ha)
        / nullif(sum(changed_ha) FILTER (changed_ha > 0.001 * area_ha), 0),
        1
    ) AS active_emission_tc_per_ha
FROM change
WHERE emission_tc IS NOT NULL AND changed_ha IS NOT NULL
GROUP BY decade
ORDER BY decade;
