-- Title: Countries with the largest emissions
-- Purpose: the countries that emitted most over the years given, with the emissions of the last
--   year, and their share of the sum of all cells
-- Units: Mt C yr-1; Mt C; 1
-- Caveat: cells without a country are left out of the list, not of the sum; borders are those
--   before 1991
-- Source: eluc_country
-- Needs: eluc_country
SELECT
    country,
    sum(emission_mtc) FILTER (WHERE "year" = {{ last | literal }}) AS emission_mtc,
    sum(emission_mtc) AS total_mtc,
    sum(emission_mtc) / nullif((SELECT sum(emission_mtc) FROM eluc_country), 0) AS share
FROM eluc_country
WHERE country_code IS NOT NULL
GROUP BY country
ORDER BY total_mtc DESC, country
LIMIT {{ count | literal }};
