-- Empties a small table that is filled again at the end of a build.
DELETE FROM {{ table | identifier }};
