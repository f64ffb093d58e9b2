-- Title: Value of a variable
-- Purpose: the value of a variable of this session, NULL if it was not set
-- Units: those of the variable
-- Caveat: of this session only
-- Source: DuckDB, getvariable
-- Needs: none
SELECT getvariable({{ name | literal }});
