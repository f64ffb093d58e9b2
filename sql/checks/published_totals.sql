-- Title: Published global totals
-- Purpose: years and decades whose emissions are further than 0.35 Pg C a year from those published
-- Units: Pg C yr-1
-- Caveat: the published totals include peat, the grid probably does not: it is expected 0.15 to 0.3
--   lower after 1960; single years are sums of countries, decades the global net
-- Source: BLUE in the Global Carbon Budget 2022, Friedlingstein et al. 2022,
--   doi:10.5194/essd-14-4811-2022, CC BY 4.0
-- Needs: eluc_global
{% import "published.jinja" as published %}
WITH published (period, first_year, last_year, expected) AS (
    VALUES
    {{- published.totals() }}
),

compared AS (
    SELECT p.period, p.last_year, p.expected, avg(g.{{ published_column | identifier }}) AS "value"
    FROM published AS p
    INNER JOIN eluc_global AS g ON g."year" BETWEEN p.first_year AND p.last_year
    GROUP BY p.period, p.first_year, p.last_year, p.expected
    HAVING count(g.{{ published_column | identifier }}) = p.last_year - p.first_year + 1
)
{% if figures %}
SELECT
    count(*) AS counted,
    coalesce(max(abs("value" - expected)) <= 0.35, TRUE) AS holds,
    max(abs("value" - expected)) AS largest_difference,
    avg("value" - expected) AS mean_difference
FROM compared;
{% else %}
SELECT
    'eluc_global ' || period AS variable,
    CAST(NULL AS INTEGER) AS cell_id,
    CAST(last_year AS SMALLINT) AS "year",
    "value",
    expected,
    'Pg C yr-1' AS note
FROM compared
WHERE abs("value" - expected) > 0.35;
{% endif %}
