-- The one row of build, for the command info. Built_at is UTC.
SELECT
    build_id,
    status,
    built_at,
    luc_load_version,
    duckdb_version,
    storage_version,
    options,
    synthetic
FROM meta.build;
