-- Columns of the stored tables of two databases. Views are left out: a stranger's are not run.
SELECT c.database_name, c.table_name, c.column_name
FROM duckdb_columns() AS c
INNER JOIN duckdb_tables() AS t
    ON t.database_name = c.database_name
    AND t.schema_name = c.schema_name
    AND t.table_name = c.table_name
WHERE c.database_name IN ('a', 'b')
    AND c.schema_name = 'main'
ORDER BY c.database_name, c.table_name, c.column_index;
