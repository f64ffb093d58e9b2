-- Adds rows from six lists of equal length. Parameters in the order of the columns.
INSERT INTO data_dictionary
SELECT unnest(?), unnest(?), unnest(?), unnest(?), unnest(?), unnest(?);
