-- One value for every cell of the grid, in the order of cell_id.
SELECT {{ column | identifier }} FROM cell ORDER BY cell_id;
