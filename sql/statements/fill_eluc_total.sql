-- Title: Fill the emissions by year and country
-- Purpose: sums emissions over all stored cells; cells without a country are one group
-- Units: Mt C yr-1
-- Caveat: run once, after loading
-- Source: eluc, cell
-- Needs: eluc_total, cell, eluc
INSERT INTO eluc_total
SELECT
    t."year",
    t.country_code,
    n.country_iso3,
    CASE WHEN t.country_code IS NULL THEN 'Unassigned' ELSE n.country END AS country,
    t.emission_mtc
FROM (
    SELECT
        e."year",
        c.country_code,
        sum(e.eluc * c.area_ha) / 1e6 AS emission_mtc
    FROM eluc AS e
    INNER JOIN cell AS c ON c.cell_id = e.cell_id
    GROUP BY e."year", c.country_code
) AS t
LEFT JOIN (
    SELECT DISTINCT country_code, country_iso3, country
    FROM cell
    WHERE country_code IS NOT NULL
) AS n ON n.country_code = t.country_code
ORDER BY t."year", t.country_code NULLS LAST;
