-- Title: Open a finished database beside whatever is open
-- Purpose: attaches the file at path read-only and makes it current
-- Units: none
-- Caveat: attached rather than opened, because one process opens a file with one configuration
--   only: a connection of the user's own would be in the way
-- Source: DuckDB, ATTACH
-- Needs: none
ATTACH {{ path | literal }} AS luc (READ_ONLY);
USE luc;
