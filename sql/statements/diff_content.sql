-- Title: Rows and digests of the years of one database
-- Purpose: for every gridded table and year the number of rows and the digest of their values
-- Units: rows
-- Caveat: as the build recorded them; luc-load check proves that they still hold
-- Source: the build
-- Needs: table_content
SELECT table_name, "year", row_count, content_digest
FROM {{ database | identifier }}.meta.table_content
WHERE "year" IS NOT NULL
ORDER BY table_name, "year";
