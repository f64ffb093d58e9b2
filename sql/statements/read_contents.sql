-- Rows and digest of every table and year, as read from the sources. A table without years has a NULL
-- year.
SELECT table_name, "year", row_count, content_digest
FROM meta.table_content
ORDER BY table_name, "year";
