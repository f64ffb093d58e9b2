-- Title: Read the layouts of the source files
-- Purpose: how each gridded source file was laid out, by the name of its table
-- Units: none
-- Caveat: JSON; a database of an older luc-load does not have this table
-- Source: the build
-- Needs: file_layout
SELECT table_name, layout FROM meta.file_layout;
