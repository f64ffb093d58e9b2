-- The syntax tree of the one statement given as parameter, as JSON; nothing is run. The tree's names
-- differ between versions of DuckDB.
SELECT json_serialize_sql(CAST(? AS VARCHAR));
