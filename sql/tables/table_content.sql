-- Title: What every table holds
-- Purpose: number of rows and digest of every table and year, computed from the source files during
--   the build: luc-load check compares them with what is stored
-- Units: rows
-- Caveat: a table without years has one row, whose year is NULL; the digest of a year is a sum over
--   its rows, independent of their order
-- Source: the build
-- Needs: none
CREATE TABLE meta.table_content (
    table_name VARCHAR NOT NULL,
    "year" SMALLINT,
    row_count BIGINT NOT NULL,
    content_digest VARCHAR NOT NULL
);
