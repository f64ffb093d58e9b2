-- Title: Where the columns of a table come from
-- Purpose: name and origin of every column of the table or view given as parameter
-- Units: none
-- Caveat: none
-- Source: the data dictionary
-- Needs: data_dictionary
SELECT column_name, source
FROM data_dictionary
WHERE table_name = ?;
