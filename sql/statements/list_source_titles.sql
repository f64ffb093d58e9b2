-- Name and title of every source that was loaded; a file without a title has none.
SELECT "name", title
FROM source
ORDER BY "name", title;
