-- Title: Draw nothing
-- Purpose: keeps DuckDB's own progress bar off the terminal, where ours is
-- Units: none
-- Caveat: of this connection only
-- Source: DuckDB, configuration
-- Needs: none
SET enable_progress_bar = false;
