-- Title: Land of a map
-- Purpose: the share of land of every cell of the grid, in order
-- Units: fractions of the cell (1)
-- Caveat: none
-- Source: global-land-mask 1.0.0 (NOAA GLOBE, 30 arc-seconds)
-- Needs: cell
SELECT land_fraction
FROM cell
ORDER BY cell_id;
