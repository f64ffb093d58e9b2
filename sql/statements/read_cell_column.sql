-- Title: Read a column of cell
-- Purpose: one value for every cell of the grid, in the order of cell_id
-- Units: those of the column
-- Caveat: none
-- Source: cell
-- Needs: cell
SELECT {{ column | identifier }} FROM cell ORDER BY cell_id;
