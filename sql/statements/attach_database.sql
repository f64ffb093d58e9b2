-- Title: Attach the database that is being built
-- Purpose: creates the file at path in the wanted storage version and makes it current
-- Units: none
-- Caveat: without a storage version, a new DuckDB writes files that older clients cannot open
-- Source: DuckDB, statement ATTACH
-- Needs: none
ATTACH {{ path | literal }} AS luc (STORAGE_VERSION {{ storage_version | literal }});
USE luc;
