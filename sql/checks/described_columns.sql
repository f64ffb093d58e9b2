-- Title: Columns without meaning, and meanings without column
-- Purpose: columns of tables and views that data_dictionary does not have, and the reverse
-- Units: none
-- Caveat: a view that was dropped shows by its columns
-- Source: the catalogue of DuckDB
-- Needs: data_dictionary
SELECT
    coalesce(c.table_name, d.table_name) || '.' || coalesce(c.column_name, d.column_name)
        AS variable,
    CAST(NULL AS INTEGER) AS cell_id,
    CAST(NULL AS SMALLINT) AS "year",
    CAST(NULL AS DOUBLE) AS "value",
    CAST(NULL AS DOUBLE) AS expected,
    CASE
        WHEN d.column_name IS NULL THEN 'not in data_dictionary'
        WHEN c.column_name IS NULL THEN 'does not exist'
        ELSE c.data_type || ' instead of ' || d.data_type
    END AS note
FROM (
    SELECT table_name, column_name, data_type
    FROM duckdb_columns()
    WHERE database_name = current_database()
        AND schema_name = current_schema()
        AND NOT internal
) AS c
FULL JOIN data_dictionary AS d
    ON d.table_name = c.table_name AND d.column_name = c.column_name
WHERE d.data_type IS DISTINCT FROM c.data_type;
