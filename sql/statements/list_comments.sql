-- Name and comment of every table and view of the current schema.
SELECT table_name, "comment"
FROM duckdb_tables()
WHERE database_name = current_database() AND schema_name = current_schema()
UNION ALL
SELECT view_name, "comment"
FROM duckdb_views()
WHERE database_name = current_database() AND schema_name = current_schema() AND NOT internal
ORDER BY 1;
