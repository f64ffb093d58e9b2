-- Number of rows of one year that repeat a cell. Reads one year only.
SELECT count(*) - count(DISTINCT cell_id)
FROM {{ table | identifier }}
WHERE "year" = {{ year | literal }};
