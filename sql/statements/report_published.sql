-- First and last year and mean emissions of each published period that overlaps the years. Peat is
-- included, which the grid probably lacks.
{% import "published.jinja" as published %}
WITH published (period, first_year, last_year, emission_pgc) AS (
    VALUES
    {{- published.totals() }}
)

SELECT first_year, last_year, emission_pgc
FROM published
WHERE last_year >= {{ first | literal }} AND first_year <= {{ last | literal }}
ORDER BY first_year, last_year;
