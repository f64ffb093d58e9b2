-- Title: Land-use transitions
-- Purpose: area that moves from one land use to another within the year, and wood harvest, a cell
--   and year a row
-- Units: fractions of the cell (1); the _bioh variables kg C
-- Caveat: the transitions of a year turn the state of that year into the state of the next; empty
--   unless transitions.nc was loaded
-- Source: LUH2-GCB2022 transitions.nc (Hurtt et al. 2020, Chini et al. 2021, CC BY 4.0)
-- Needs: none
CREATE TABLE transition (
    cell_id INTEGER NOT NULL,
    "year" SMALLINT NOT NULL
{%- for variable in variables['transition'] %},
    {{ variable.column | identifier }} REAL
{%- endfor %}

);
