-- Title: Whether a cell has several rows in a year
-- Purpose: how many rows of the year given are further ones of a cell
-- Units: rows
-- Caveat: looks at one year only
-- Source: the table or view
-- Needs: none
SELECT count(*) - count(DISTINCT cell_id)
FROM {{ table | identifier }}
WHERE "year" = {{ year | literal }};
