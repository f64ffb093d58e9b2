-- Title: Columns of the stored tables of two databases
-- Purpose: every column of every table of the schema main, by database
-- Units: none
-- Caveat: stored tables only: views of a stranger's database are not run
-- Source: DuckDB's catalogue
-- Needs: none
SELECT c.database_name, c.table_name, c.column_name
FROM duckdb_columns() AS c
INNER JOIN duckdb_tables() AS t
    ON t.database_name = c.database_name
    AND t.schema_name = c.schema_name
    AND t.table_name = c.table_name
WHERE c.database_name IN ('a', 'b')
    AND c.schema_name = 'main'
ORDER BY c.database_name, c.table_name, c.column_index;
