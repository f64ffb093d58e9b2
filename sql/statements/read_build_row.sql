-- Title: Read everything about the build
-- Purpose: the one row of build, for the command info
-- Units: none
-- Caveat: built_at is UTC
-- Source: the build
-- Needs: build
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
