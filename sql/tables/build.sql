-- Title: The build
-- Purpose: one row: which program, options and sources made this database, and whether it is
--   complete
-- Units: none
-- Caveat: built_at is UTC; synthetic is true when any source is a made-up sample
-- Source: the build
-- Needs: none
CREATE TABLE build (
    build_id VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    built_at TIMESTAMP,
    luc_load_version VARCHAR NOT NULL,
    duckdb_version VARCHAR NOT NULL,
    storage_version VARCHAR NOT NULL,
    options VARCHAR NOT NULL,
    synthetic BOOLEAN NOT NULL
);
