-- Title: Whether a cell has several rows in a year
-- Purpose: number of rows of one year that repeat a cell
-- Units: rows
-- Caveat: reads one year only
-- Source: the table or view
-- Needs: none
SELECT count(*) - count(DISTINCT cell_id)
FROM {{ table | identifier }}
WHERE "year" = {{ year | literal }};
