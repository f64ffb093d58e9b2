-- Title: Columns of a table and what they mean
-- Purpose: name, unit, description and origin of every column of the table or view given as parameter
-- Units: none
-- Caveat: filled after the views were made
-- Source: the data dictionary
-- Needs: data_dictionary
SELECT column_name, unit, description, source
FROM data_dictionary
WHERE table_name = ?;
