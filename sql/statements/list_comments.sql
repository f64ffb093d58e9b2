-- Title: Comments of tables and views
-- Purpose: name and comment of every table and view
-- Units: none
-- Caveat: only those in the current database and schema
-- Source: DuckDB's catalogue
-- Needs: none
SELECT table_name, "comment"
FROM duckdb_tables()
WHERE database_name = current_database() AND schema_name = current_schema()
UNION ALL
SELECT view_name, "comment"
FROM duckdb_views()
WHERE database_name = current_database() AND schema_name = current_schema() AND NOT internal
ORDER BY 1;
