-- Title: Set the threads and the memory of DuckDB
-- Purpose: while rows are loaded, the lanes need the threads and most of the memory; afterwards DuckDB
--   does
-- Units: threads; bytes
-- Caveat: of the whole connection
-- Source: DuckDB, configuration
-- Needs: none
SET threads = {{ threads | literal }};
SET memory_limit = {{ memory_limit | literal }};
