-- How many countries of today the cells lie in.
SELECT count(*)
FROM region
WHERE layer = 'country' AND region_id IN (SELECT region_id FROM cell_region);
