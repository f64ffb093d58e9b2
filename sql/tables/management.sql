-- Title: Land management
-- Purpose: nitrogen fertilizer, irrigation, biofuel crops and use of the harvested wood, one row for
--   a cell and year, under the file's own variable names
-- Units: those of the file, in the comment of each column
-- Caveat: rates and shares of a crop refer to its own area, not to that of the cell; those of wood
--   to the harvested wood
-- Source: {{ titles.management | comment }}
-- Needs: none
{% import "gridded.jinja" as gridded -%}
CREATE TABLE management (
    {{- gridded.columns(variables["management"]) }}
);
