-- Title: Global emissions and the published totals
-- Purpose: emissions of every loaded year, and those that the Global Carbon Budget 2022 published for
--   BLUE: of single years, and the mean of each decade
-- Units: Pg C yr-1
-- Caveat: the published totals include peat, which the grid probably does not; synthetic files need not
--   agree with them; NULL where nothing was published
-- Source: eluc_global; Friedlingstein et al. 2022, doi:10.5194/essd-14-4811-2022
-- Needs: eluc_global

{% import "published.jinja" as published %}
WITH published (period, first_year, last_year, total_pgc) AS (
    VALUES
    {{- published.totals() }}
)

SELECT
    g."year",
    g."date",
    g.emission_pgc,
    y.total_pgc AS published_year_pgc,
    d.total_pgc AS published_decade_pgc
FROM eluc_global AS g
LEFT JOIN published AS y ON y.first_year = g."year" AND y.last_year = g."year"
LEFT JOIN published AS d
    ON g."year" BETWEEN d.first_year AND d.last_year AND d.last_year > d.first_year
ORDER BY g."year";
