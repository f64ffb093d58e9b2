-- Title: Extent of the grid
-- Purpose: number of cells and the outermost centres of an attached database
-- Units: cells; degrees
-- Caveat: of the whole grid, whatever cells are stored; run it where another database is current,
--   because a macro of that database can hide the functions that are called here
-- Source: the table cell
-- Needs: cell
SELECT max(cell_id) + 1, min(lat), max(lat), min(lon), max(lon)
FROM {{ database | identifier }}.main.cell;
