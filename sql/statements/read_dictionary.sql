-- One row for every column of every table and view, in a fixed order. The database need not be the
-- current one.
SELECT table_name, column_name, data_type, unit, description, source
FROM {{ database | identifier }}.main.data_dictionary
ORDER BY ALL;
