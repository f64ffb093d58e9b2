-- Every year in which a table or view has a row, in order. Reads the column year throughout.
SELECT DISTINCT "year" FROM {{ table | identifier }} ORDER BY "year";
