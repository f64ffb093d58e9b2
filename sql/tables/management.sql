-- Title: Land management
-- Purpose: fertilizer, irrigation, biofuel and wood-harvest shares, a cell and year a row, under
--   the file's own variable names
-- Units: fractions (1); fertl_ variables kg N ha-1 yr-1
-- Caveat: shares refer to the crop's own area, not to the cell; empty unless management.nc was
--   loaded
-- Source: LUH2-GCB2022 management.nc (Hurtt et al. 2020, Chini et al. 2021, CC BY 4.0)
-- Needs: none
CREATE TABLE management (
    cell_id INTEGER NOT NULL,
    "year" SMALLINT NOT NULL
{%- for variable in variables['management'] %},
    {{ variable.column | identifier }} REAL
{%- endfor %}

);
