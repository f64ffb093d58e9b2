-- Title: Cells of regions
-- Purpose: how much of each cell is in a region, one row for every cell and region that share an
--   area
-- Units: share and weight fractions (1)
-- Caveat: emissions and land uses are per area of the whole cell, but only its land has them: add
--   them up with weight, which is share over the land of the cell where a coast cuts it, and areas
--   of the Earth with share
-- Source: the polygons of region, cut exactly by the cells on the sphere
-- Needs: cell, region
CREATE TABLE cell_region (
    cell_id INTEGER NOT NULL,
    region_id INTEGER NOT NULL,
    share REAL NOT NULL,
    weight DOUBLE NOT NULL
);
