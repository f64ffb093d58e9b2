-- Title: Use the attached database
-- Purpose: makes the database current in a further cursor of a session
-- Units: none
-- Caveat: none
-- Source: DuckDB, statement USE
-- Needs: none
USE luc;
