-- How each gridded source file was laid out, by the name of its table. JSON; a database of an older
-- luc-load does not have this table.
SELECT table_name, layout FROM meta.file_layout;
