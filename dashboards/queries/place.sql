-- Title: Emissions and land use at a place
-- Purpose: the years of the cell that holds London; another place is another pair of numbers
-- Units: as in eluc_state
-- Caveat: one cell of the grid, about 28 km wide at 0.25 degrees; no row on a regional grid that does
--   not hold the place
-- Source: eluc_state
-- Needs: eluc_state, point
SELECT *
FROM point(51.507e0, -0.128e0);
