-- Title: Write a parsed statement as SQL
-- Purpose: the statement whose syntax tree is given as parameter, without comments, every operator
--   in parentheses
-- Units: none
-- Caveat: none
-- Source: DuckDB, function json_deserialize_sql
-- Needs: none
SELECT json_deserialize_sql(CAST(? AS JSON));
