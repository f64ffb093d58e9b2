-- Number of cells and the outermost centres of an attached database. Of the whole grid, whatever cells
-- are stored; run it where another database is current, because a macro of that database can hide the
-- functions that are called here.
SELECT max(cell_id) + 1, min(lat), max(lat), min(lon), max(lon)
FROM {{ database | identifier }}.main.cell;
