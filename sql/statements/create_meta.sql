-- Title: The schema of what only luc-load reads
-- Purpose: creates the schema meta in the current database
-- Units: none
-- Caveat: main, the schema that clients list first, holds what people use
-- Source: DuckDB, statement CREATE SCHEMA
-- Needs: none
CREATE SCHEMA IF NOT EXISTS meta;
