-- Every column of every table and view, in order, with its type. Only those in the current database
-- and schema.
SELECT table_name, column_name, data_type
FROM duckdb_columns()
WHERE database_name = current_database()
    AND schema_name = current_schema()
    AND NOT internal
ORDER BY table_name, column_index;
