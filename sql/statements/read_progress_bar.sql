-- Title: Whether DuckDB draws progress
-- Purpose: tells whether the progress bar of this connection is on
-- Units: none
-- Caveat: in a Jupyter kernel without ipywidgets it is off, and setting it, even to off, fails
-- Source: DuckDB, configuration
-- Needs: none
SELECT current_setting('enable_progress_bar');
