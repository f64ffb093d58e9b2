-- Title: Lock the session
-- Purpose: lets what follows reach nothing but the open database, and change no setting
-- Units: none
-- Caveat: cannot be undone in this session; variables can still be set
-- Source: DuckDB, securing
-- Needs: none
SET temp_directory = {{ spill | literal }};
SET enable_external_access = false;
SET lock_configuration = true;
