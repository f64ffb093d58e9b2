-- Rows and digests of every gridded table and year of one database, as its build recorded them.
SELECT table_name, "year", row_count, content_digest
FROM {{ database | identifier }}.meta.table_content
WHERE "year" IS NOT NULL
ORDER BY table_name, "year";
