-- Title: Set the number of threads
-- Purpose: loading goes through one thread, which keeps the order of rows; what follows need not
-- Units: threads
-- Caveat: of the whole connection
-- Source: DuckDB, configuration
-- Needs: none
SET threads = {{ threads | literal }};
