-- Title: What every table must hold
-- Purpose: rows and digest of every table and year, as read from the sources
-- Units: rows
-- Caveat: a table without years has a NULL year
-- Source: the build
-- Needs: table_content
SELECT table_name, "year", row_count, content_digest
FROM meta.table_content
ORDER BY table_name, "year";
