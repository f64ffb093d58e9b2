-- Title: Land management
-- Purpose: fertilizer, irrigation, biofuel and wood-harvest shares, one row for a cell and year,
--   under the file's own variable names
-- Units: those of the file, in the comment of each column
-- Caveat: shares refer to the area of the crop, not of the cell
-- Source: {{ titles.management | comment }}
-- Needs: none
{% import "gridded.jinja" as gridded -%}
CREATE TABLE management (
    {{- gridded.columns(variables["management"]) }}
);
