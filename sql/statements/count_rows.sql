-- Title: Number of bad rows of a check
-- Purpose: how many rows a check found
-- Units: rows
-- Caveat: run only where there are any
-- Source: a file of sql/checks
-- Needs: none
SELECT count(*)
FROM (
    {{ check }}
) AS b;
