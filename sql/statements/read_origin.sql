-- The row of the stored table build. Built_at is UTC; two rows show that it is not a table of luc-
-- load.
SELECT
    build_id,
    status,
    built_at,
    luc_load_version,
    duckdb_version,
    storage_version,
    options,
    synthetic
FROM luc.{{ schema | identifier }}.build
LIMIT 2;
