-- Title: Land management
-- Purpose: fertilizer, irrigation, biofuel and wood-harvest shares, one row for a cell and year,
--   under the file's own variable names
-- Units: those of the file, in the comment of each column
-- Caveat: shares refer to the area of the crop, not of the cell
-- Source: {{ titles.management | comment }}
-- Needs: none
CREATE TABLE management (
    cell_id INTEGER NOT NULL,
    "year" SMALLINT NOT NULL
{%- for variable in variables['management'] %},
    {{ variable.column | identifier }} REAL
{%- endfor %}

);
