-- Name and columns of every table and view that has a column cell_id. Only those in the current
-- database and schema.
SELECT table_name, list(column_name ORDER BY column_index) AS columns
FROM duckdb_columns()
WHERE database_name = current_database()
    AND schema_name = current_schema()
    AND NOT internal
GROUP BY table_name
HAVING list_contains(list(column_name), 'cell_id')
ORDER BY table_name;
