-- Title: Attach a database for reading
-- Purpose: opens the file at path read-only under a name, and leaves the current database current
-- Units: none
-- Caveat: what the file defines is not run, unless a later statement names it
-- Source: DuckDB, statement ATTACH
-- Needs: none
ATTACH {{ path | literal }} AS {{ name | identifier }} (READ_ONLY);
