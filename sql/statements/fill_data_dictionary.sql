-- Title: Fill the data dictionary
-- Purpose: adds rows from six lists of equal length
-- Units: none
-- Caveat: parameters in the order of the columns
-- Source: the data dictionary
-- Needs: data_dictionary
INSERT INTO data_dictionary
SELECT unnest(?), unnest(?), unnest(?), unnest(?), unnest(?), unnest(?);
