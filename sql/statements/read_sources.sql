-- Title: Read the sources of the build
-- Purpose: a row a source file, for the command info
-- Units: size in bytes
-- Caveat: a data set that was given in memory has neither size nor digest
-- Source: the build
-- Needs: source
SELECT name, path, size, digest, title, version, licence, first_year, last_year, synthetic
FROM source;
