-- Title: Published global totals in the years of the database
-- Purpose: first and last year and mean emissions of each published period that overlaps the years
-- Units: Pg C yr-1
-- Caveat: peat is included, which the grid probably lacks
-- Source: BLUE in the Global Carbon Budget 2022, Friedlingstein et al. 2022
-- Needs: none
{% import "published.jinja" as published %}
WITH published (period, first_year, last_year, emission_pgc) AS (
    VALUES
    {{- published.totals() }}
)

SELECT first_year, last_year, emission_pgc
FROM published
WHERE last_year >= {{ first | literal }} AND first_year <= {{ last | literal }}
ORDER BY first_year, last_year;
