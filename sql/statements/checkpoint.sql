-- Title: Write everything into the database file
-- Purpose: leaves one complete file without a write-ahead log next to it
-- Units: none
-- Caveat: a log that stayed behind would make the published file unreadable
-- Source: DuckDB, statement CHECKPOINT
-- Needs: none
CHECKPOINT luc;
