-- The one row that says which build this database is. The table build exists only in a database that
-- luc-load made.
SELECT build_id, status, options FROM meta.build;
