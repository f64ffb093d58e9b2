-- Title: Open a finished database in addition to those that are open
-- Purpose: attaches the file at path read-only and makes it current
-- Units: none
-- Caveat: attached rather than opened, because one process opens a file with one configuration
--   only: another connection of the user would conflict with it
-- Source: DuckDB, ATTACH
-- Needs: none
ATTACH {{ path | literal }} AS luc (READ_ONLY);
USE luc;
