-- Tells whether the progress bar of this connection is on. In a Jupyter kernel without ipywidgets it
-- is off, and setting it, even to off, fails.
SELECT current_setting('enable_progress_bar');
