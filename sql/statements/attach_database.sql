-- Creates the file at path in the wanted storage version and makes it current. Without a storage
-- version, a new DuckDB writes files that older clients cannot open.
ATTACH {{ path | literal }} AS luc (STORAGE_VERSION {{ storage_version | literal }});
USE luc;
