-- Title: The build
-- Purpose: one row: which version and options made this database
-- Units: none
-- Caveat: built_at is UTC; synthetic is true if any source is a synthetic sample
-- Source: the build
-- Needs: none
CREATE TABLE meta.build (
    build_id VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    built_at TIMESTAMP,
    luc_load_version VARCHAR NOT NULL,
    duckdb_version VARCHAR NOT NULL,
    storage_version VARCHAR NOT NULL,
    options VARCHAR NOT NULL,
    synthetic BOOLEAN NOT NULL
);
