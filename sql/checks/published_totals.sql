-- Title: Published global totals
-- Purpose: years and decades whose emissions are further than 0.35 Pg C a year from those published
-- Units: Pg C yr-1
-- Caveat: the published totals include peat, the grid probably does not: it is expected 0.15 to 0.3
--   lower after 1960; single years are sums of countries, decades the global net
-- Source: BLUE in the Global Carbon Budget 2022, Friedlingstein et al. 2022,
--   doi:10.5194/essd-14-4811-2022, CC BY 4.0
-- Needs: eluc_global
WITH published (period, first_year, last_year, expected) AS (
    VALUES
    ('1850', 1850, 1850, 0.931e0),
    ('1900', 1900, 1900, 1.498e0),
    ('1950', 1950, 1950, 2.229e0),
    ('1960', 1960, 1960, 2.584e0),
    ('1990', 1990, 1990, 1.744e0),
    ('2010', 2010, 2010, 1.642e0),
    ('2020', 2020, 2020, 1.447e0),
    ('2021', 2021, 2021, 1.459e0),
    ('1960s', 1960, 1969, 2.031e0),
    ('1970s', 1970, 1979, 1.590e0),
    ('1980s', 1980, 1989, 1.900e0),
    ('1990s', 1990, 1999, 1.835e0),
    ('2000s', 2000, 2009, 1.750e0),
    ('2010s', 2010, 2019, 1.620e0)
),

compared AS (
    SELECT p.period, p.last_year, p.expected, avg(g.emission_pgc) AS "value"
    FROM published AS p
    INNER JOIN eluc_global AS g ON g."year" BETWEEN p.first_year AND p.last_year
    GROUP BY p.period, p.first_year, p.last_year, p.expected
    HAVING count(g.emission_pgc) = p.last_year - p.first_year + 1
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
