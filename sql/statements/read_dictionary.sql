-- Title: Read the data dictionary of an attached database
-- Purpose: one row for every column of every table and view, in a fixed order
-- Units: none
-- Caveat: the database need not be the current one
-- Source: the build
-- Needs: data_dictionary
SELECT table_name, column_name, data_type, unit, description, source
FROM {{ database | identifier }}.main.data_dictionary
ORDER BY ALL;
