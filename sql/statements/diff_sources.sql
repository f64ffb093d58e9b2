-- Title: Source files of one database
-- Purpose: one row for every file: name, path, digest, title and years
-- Units: none
-- Caveat: a dataset in memory has no digest
-- Source: the build
-- Needs: source
SELECT name, path, digest, title, first_year, last_year
FROM {{ database | identifier }}.main.source
ORDER BY name, first_year, path;
