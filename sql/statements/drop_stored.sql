-- Drops the table and the view in the schema meta that defines it. The rows are lost.
DROP TABLE IF EXISTS {{ name | identifier }};
DROP VIEW IF EXISTS meta.{{ name | identifier }};
