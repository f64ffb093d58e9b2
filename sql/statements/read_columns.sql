-- Name, unit, description and origin of every column of the table or view given as parameter. Filled
-- after the views were made.
SELECT column_name, unit, description, source
FROM data_dictionary
WHERE table_name = ?;
