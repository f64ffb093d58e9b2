-- Title: Extent of the grid
-- Purpose: number of cells and the outermost centres
-- Units: cells; degrees
-- Caveat: of the whole grid, whatever cells are stored
-- Source: the table cell
-- Needs: cell
SELECT max(cell_id) + 1, min(lat), max(lat), min(lon), max(lon)
FROM cell;
