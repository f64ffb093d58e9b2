-- Drops a table and its rows.
DROP TABLE {{ schema | identifier }}.{{ name | identifier }};
