-- Title: Read the values of a variable
-- Purpose: cell, year and value of one column in the years $1 to $2, of the cells $3 to $4
-- Units: those of the column
-- Caveat: in no particular order; what is not stored has no row
-- Source: the table
-- Needs: none
SELECT cell_id, "year", {{ column | identifier }}
FROM {{ table | identifier }}
WHERE "year" BETWEEN $1 AND $2 AND cell_id BETWEEN $3 AND $4;
