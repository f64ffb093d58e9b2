-- Macros of a database with the name of a function of DuckDB's own: views and queries in that database
-- call the macro instead. Run it where another database is current.
SELECT DISTINCT lower(function_name)
FROM duckdb_functions()
WHERE database_name = {{ database | literal }} AND NOT internal
INTERSECT
SELECT lower(function_name)
FROM duckdb_functions()
WHERE database_name = 'system'
ORDER BY ALL;
