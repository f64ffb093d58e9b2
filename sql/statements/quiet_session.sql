-- Keeps DuckDB's progress bar off the terminal, which shows that of luc-load. Of this connection only.
SET enable_progress_bar = false;
