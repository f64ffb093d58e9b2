-- A row for every source file. A dataset in memory has neither size nor digest.
SELECT name, path, size, digest, title, version, licence, first_year, last_year, synthetic
FROM luc.{{ schema | identifier }}.source
LIMIT 100000;
