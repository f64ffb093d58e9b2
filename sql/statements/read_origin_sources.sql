-- Title: Read the sources of a database that may come from anyone
-- Purpose: a row for every source file
-- Units: size in bytes
-- Caveat: a dataset in memory has neither size nor digest
-- Source: the build
-- Needs: source
SELECT name, path, size, digest, title, version, licence, first_year, last_year, synthetic
FROM luc.{{ schema | identifier }}.source
LIMIT 100000;
