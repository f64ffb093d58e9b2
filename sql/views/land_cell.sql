-- Title: Land cells
-- Purpose: the cells that the land mask counts as land
-- Units: as in cell
-- Caveat: the mask of the notebook: Antarctica and lakes count as land; land_fraction is the share
--   of the cell that is land
-- Source: global-land-mask 1.0.0
-- Needs: cell
CREATE OR REPLACE VIEW land_cell AS
SELECT *
FROM cell
WHERE is_land;
