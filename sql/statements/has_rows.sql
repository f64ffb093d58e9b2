-- True if the table or view has at least one row. An error if the table does not exist.
SELECT EXISTS (FROM {{ table | identifier }});
