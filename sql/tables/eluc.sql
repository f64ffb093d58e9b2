-- Title: Emissions from land-use change
-- Purpose: net carbon flux from land-use change to the atmosphere, a cell and year a row
-- Units: t C ha-1 yr-1 of the whole cell; positive is a source
-- Caveat: the flux of a year belongs to the land-use change between the states of that year and
--   of the next, and includes the legacy of all earlier changes
-- Source: BLUE, BLUE_LUH2-GCB2022_ELUC_gridded_net_1850-2021.nc (Global Carbon Budget 2022, CC BY
--   4.0)
-- Needs: none
CREATE TABLE eluc (
    cell_id INTEGER NOT NULL,
    "year" SMALLINT NOT NULL
{%- for variable in variables['eluc'] %},
    {{ variable.column | identifier }} REAL
{%- endfor %}

);
