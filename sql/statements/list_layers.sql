-- The names of the layers, in the order in which they were loaded.
SELECT layer
FROM region
GROUP BY layer
ORDER BY min(region_id);
