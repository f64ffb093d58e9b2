-- The source files of one database. A dataset in memory has no digest.
SELECT name, path, digest, title, first_year, last_year
FROM {{ database | identifier }}.main.source
ORDER BY name, first_year, path;
