-- Title: Turn off the progress bar of DuckDB
-- Purpose: keeps DuckDB's progress bar off the terminal, which shows that of luc-load
-- Units: none
-- Caveat: of this connection only
-- Source: DuckDB, configuration
-- Needs: none
SET enable_progress_bar = false;
