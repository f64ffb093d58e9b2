-- Title: Countries of the cells
-- Purpose: number, ISO code and name of every country of today that has cells, by number
-- Units: none
-- Caveat: territories without an ISO number, as Kosovo, are left out
-- Source: region, cell_region
-- Needs: region, cell_region
SELECT country_code, code, "name"
FROM region
WHERE layer = 'country'
    AND country_code IS NOT NULL
    AND region_id IN (SELECT region_id FROM cell_region)
ORDER BY country_code;
