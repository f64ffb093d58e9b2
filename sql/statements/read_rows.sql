-- Title: Read a table back
-- Purpose: every row of a table, to be compared with what was written
-- Units: those of the table
-- Caveat: in no particular order
-- Source: the table
-- Needs: none
SELECT * FROM {{ table | identifier }};
