-- Title: Set a variable
-- Purpose: gives a query of queries/ the value of one of its parameters, bound as $1
-- Units: those of the parameter
-- Caveat: of this session only
-- Source: DuckDB, SET VARIABLE
-- Needs: none
SET VARIABLE {{ name | identifier }} = $1;
