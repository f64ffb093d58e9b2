-- Title: Years of a table or view
-- Purpose: every year in which a table or view has a row, in order
-- Units: calendar years
-- Caveat: reads the column year throughout
-- Source: the table or view
-- Needs: none
SELECT DISTINCT "year" FROM {{ table | identifier }} ORDER BY "year";
