-- Title: Land-use states
-- Purpose: land-use fractions on 1 January, a cell and year a row, under the file's own variable
--   names
-- Units: fractions of the cell (1); secmb kg C m-2; secma years
-- Caveat: the 12 fractions sum to 1 less the ice and water fraction, not to 1; a missing value is
--   NULL
-- Source: LUH2-GCB2022 states.nc (Hurtt et al. 2020, Chini et al. 2021, CC BY 4.0)
-- Needs: none
CREATE TABLE state (
    cell_id INTEGER NOT NULL,
    "year" SMALLINT NOT NULL
{%- for variable in variables['state'] %},
    {{ variable.column | identifier }} REAL
{%- endfor %}

);
