-- Title: Drop a table that replaces a view
-- Purpose: drops the table and the view in the schema meta that defines it
-- Units: none
-- Caveat: the rows are lost
-- Source: luc-load build --materialize
-- Needs: none
DROP TABLE IF EXISTS {{ name | identifier }};
DROP VIEW IF EXISTS meta.{{ name | identifier }};
