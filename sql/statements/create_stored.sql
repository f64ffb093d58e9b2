-- Title: A table that replaces a view
-- Purpose: creates an empty table with the columns of the view of the same name in the schema meta
-- Units: none
-- Caveat: the view is the definition; luc-load check compares the two
-- Source: luc-load build --materialize
-- Needs: none
CREATE TABLE {{ name | identifier }} AS
SELECT *
FROM meta.{{ name | identifier }}
LIMIT 0;
