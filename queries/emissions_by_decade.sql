-- Title: Emissions by decade
-- Purpose: mean, minimum and maximum of the global net emissions in each decade, and their sum as
--   carbon and as carbon dioxide
-- Units: Pg C yr-1; sums Pg C and Pg CO2
-- Caveat: the first and the last decade may be incomplete; the column years gives the number of
--   loaded years; the published totals of the Global Carbon Budget include peat, which this grid
--   probably does not
-- Source: eluc_cumulative
-- Needs: eluc_cumulative
SELECT
    "year" // 10 * 10 AS decade,
    count(*) AS years,
    round(avg(emission_pgc), 3) AS mean_pgc,
    round(min(emission_pgc), 3) AS lowest_pgc,
    round(max(emission_pgc), 3) AS highest_pgc,
    round(sum(emission_pgc), 2) AS total_pgc,
    round(sum(emission_pgco2), 2) AS total_pgco2,
    round(max_by(cumulative_pgc, "year"), 2) AS cumulative_pgc
FROM eluc_cumulative
GROUP BY decade
ORDER BY decade;
