-- Title: Attach a staged database again
-- Purpose: opens the file at path for writing and makes it current
-- Units: none
-- Caveat: its storage version stays
-- Source: DuckDB, statement ATTACH
-- Needs: none
ATTACH {{ path | literal }} AS luc;
USE luc;
