-- Title: Parse an expression
-- Purpose: the syntax tree of the one statement given as parameter, as JSON; nothing is run
-- Units: none
-- Caveat: the tree's names differ between versions of DuckDB
-- Source: DuckDB, function json_serialize_sql
-- Needs: none
SELECT json_serialize_sql(CAST(? AS VARCHAR));
