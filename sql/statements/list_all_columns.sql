-- Every column of every table and view of main and meta, in order, with its type. Of the current
-- database only.
SELECT schema_name, table_name, column_name, data_type
FROM duckdb_columns()
WHERE database_name = current_database()
    AND schema_name IN ('main', 'meta')
    AND NOT internal
ORDER BY table_name, column_index;
