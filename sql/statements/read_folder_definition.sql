-- The text of the macro that names the folder of the Parquet parts; one row for each form. Nothing is
-- run; run it where another database is current.
SELECT macro_definition
FROM duckdb_functions()
WHERE
    database_name = {{ database | literal }}
    AND schema_name = 'main'
    AND function_name = 'parquet_folder'
    AND NOT internal;
