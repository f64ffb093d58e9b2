-- Title: Comment on a column
-- Purpose: gives a column of a table or a view its description and unit
-- Units: none
-- Caveat: a view must exist with its final columns; replacing it drops its comments
-- Source: the data dictionary
-- Needs: none
COMMENT ON COLUMN {{ schema | identifier }}.{{ table | identifier }}.{{ column | identifier }} IS {{ text | literal }};
