-- While rows are loaded, the lanes need the threads and most of the memory; afterwards DuckDB does. Of
-- the whole connection.
SET threads = {{ threads | literal }};
SET memory_limit = {{ memory_limit | literal }};
