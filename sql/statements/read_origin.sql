-- Title: Read the build of a database that may come from anyone
-- Purpose: the row of the stored table build
-- Units: none
-- Caveat: built_at is UTC; two rows show that it is not a table of luc-load
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
FROM luc.{{ schema | identifier }}.build
LIMIT 2;
