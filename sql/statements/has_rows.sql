-- Title: Whether a table has rows
-- Purpose: true if the table or view has at least one row
-- Units: none
-- Caveat: an error if the table does not exist
-- Source: the table
-- Needs: none
SELECT EXISTS (FROM {{ table | identifier }});
