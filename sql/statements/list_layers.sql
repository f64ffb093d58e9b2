-- Title: Layers of regions
-- Purpose: the names of the layers, in the order in which they were loaded
-- Units: none
-- Caveat: none
-- Source: region
-- Needs: region
SELECT layer
FROM region
GROUP BY layer
ORDER BY min(region_id);
