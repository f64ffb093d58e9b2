-- Title: Countries with a similar name
-- Purpose: the three names that are closest to $1
-- Units: none
-- Caveat: by Jaro-Winkler similarity
-- Source: cell
-- Needs: cell
SELECT country
FROM (SELECT DISTINCT country FROM cell WHERE country IS NOT NULL)
ORDER BY jaro_winkler_similarity(lower(country), lower($1)) DESC, country
LIMIT 3;
