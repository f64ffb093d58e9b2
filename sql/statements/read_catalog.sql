-- One row for every fact about a table, column, view, macro, index, sequence, type or schema: its
-- definition, type, comment and so on, as text. Run it where another database is current: a macro of
-- that database can hide the functions that are called here.
SELECT 'table' AS kind, schema_name, table_name AS "name", '' AS part, 'definition' AS fact, sql AS "value"
FROM duckdb_tables()
WHERE database_name = {{ database | literal }} AND NOT internal
UNION ALL
SELECT 'table', schema_name, table_name, '', 'comment', comment
FROM duckdb_tables()
WHERE database_name = {{ database | literal }} AND NOT internal
UNION ALL
SELECT 'view', schema_name, view_name, '', 'definition', sql
FROM duckdb_views()
WHERE database_name = {{ database | literal }} AND NOT internal
UNION ALL
SELECT 'view', schema_name, view_name, '', 'comment', comment
FROM duckdb_views()
WHERE database_name = {{ database | literal }} AND NOT internal
UNION ALL
SELECT
    'column',
    schema_name,
    table_name,
    column_name,
    'place, type and default',
    concat_ws(
        ' ',
        column_index,
        data_type,
        CASE WHEN is_nullable THEN 'NULL' ELSE 'NOT NULL' END,
        column_default
    )
FROM duckdb_columns()
WHERE database_name = {{ database | literal }} AND NOT internal
UNION ALL
SELECT 'column', schema_name, table_name, column_name, 'comment', comment
FROM duckdb_columns()
WHERE database_name = {{ database | literal }} AND NOT internal
UNION ALL
SELECT
    'macro',
    schema_name,
    function_name,
    '',
    'definition',
    string_agg(
        function_type || CAST("parameters" AS VARCHAR) || ' ' || macro_definition,
        '; '
        ORDER BY CAST("parameters" AS VARCHAR), macro_definition
    )
FROM duckdb_functions()
WHERE database_name = {{ database | literal }} AND NOT internal
GROUP BY schema_name, function_name
UNION ALL
SELECT 'macro', schema_name, function_name, '', 'comment', max(comment)
FROM duckdb_functions()
WHERE database_name = {{ database | literal }} AND NOT internal
GROUP BY schema_name, function_name
UNION ALL
SELECT 'index', schema_name, index_name, '', 'definition', sql
FROM duckdb_indexes()
WHERE database_name = {{ database | literal }}
UNION ALL
SELECT 'sequence', schema_name, sequence_name, '', 'definition', sql
FROM duckdb_sequences()
WHERE database_name = {{ database | literal }}
UNION ALL
SELECT 'type', schema_name, type_name, '', 'definition', logical_type
FROM duckdb_types()
WHERE database_name = {{ database | literal }} AND NOT internal
UNION ALL
SELECT 'schema', schema_name, schema_name, '', 'comment', comment
FROM duckdb_schemas()
WHERE database_name = {{ database | literal }} AND schema_name <> 'main' AND NOT internal;
