-- Title: Read the build
-- Purpose: the one row that says which build this database is
-- Units: none
-- Caveat: the table build exists only in a database that luc-load made
-- Source: the build
-- Needs: build
SELECT build_id, status, options FROM meta.build;
