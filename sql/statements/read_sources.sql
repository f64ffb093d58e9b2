-- Title: Read the sources of the build
-- Purpose: one row for each source file, for the command info
-- Units: size in bytes
-- Caveat: a dataset in memory has neither size nor digest
-- Source: the build
-- Needs: source
SELECT name, path, size, digest, title, version, licence, first_year, last_year, synthetic
FROM source;
