-- Title: Columns of a table and what they mean
-- Purpose: name, unit and description of every column of the table given as parameter
-- Units: none
-- Caveat: filled after the views were made
-- Source: the data dictionary
-- Needs: data_dictionary
SELECT column_name, unit, description
FROM data_dictionary
WHERE table_name = ?;
