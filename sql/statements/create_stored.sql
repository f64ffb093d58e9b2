-- Creates an empty table with the columns of the view of the same name in the schema meta. The view is
-- the definition; luc-load check compares the two.
CREATE TABLE {{ name | identifier }} AS
SELECT *
FROM meta.{{ name | identifier }}
LIMIT 0;
