-- Title: Delete all rows of a table
-- Purpose: empties a small table that is filled again at the end of a build
-- Units: none
-- Caveat: none
-- Source: DuckDB, statement DELETE
-- Needs: none
DELETE FROM {{ table | identifier }};
