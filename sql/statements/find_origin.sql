-- Name and schema of the stored tables build, source and region of the database luc. Stored columns
-- only; a view or a generated column may be anyone's expression, and DuckDB cannot interrupt the
-- evaluation of one row.
SELECT table_name, schema_name
FROM duckdb_tables()
WHERE
    database_name = 'luc'
    AND table_name IN ('build', 'source', 'region')
    AND schema_name IN ('main', 'meta')
    AND NOT contains(upper(sql), 'GENERATED ALWAYS');
