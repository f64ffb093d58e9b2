-- Title: Titles of the sources
-- Purpose: name and title of every source that was loaded
-- Units: none
-- Caveat: a file without a title has none
-- Source: source
-- Needs: source
SELECT "name", title
FROM source
ORDER BY "name", title;
