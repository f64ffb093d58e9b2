-- Title: Count the countries
-- Purpose: how many countries of today the cells lie in
-- Units: none
-- Caveat: none
-- Source: region, cell_region
-- Needs: region, cell_region
SELECT count(*)
FROM region
WHERE layer = 'country' AND region_id IN (SELECT region_id FROM cell_region);
