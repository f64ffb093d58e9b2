-- One row for each source file, for the command info. A dataset in memory has neither size nor digest.
SELECT name, path, size, digest, title, version, licence, first_year, last_year, synthetic
FROM source;
