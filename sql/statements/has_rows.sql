-- Title: Whether a table has rows
-- Purpose: true if the table or view has at least one row
-- Units: none
-- Caveat: an error if there is no such table
-- Source: the table
-- Needs: none
SELECT EXISTS (FROM {{ table | identifier }});
