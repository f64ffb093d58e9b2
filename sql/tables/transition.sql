-- Title: Land-use transitions
-- Purpose: area that moves from one land use to another during the year, and wood harvest, one row
--   for a cell and year, under the file's own variable names
-- Units: those of the file, in the comment of each column: fractions of the cell (1) for areas
-- Caveat: the transitions of a year turn the state of that year into the state of the next
-- Source: {{ titles.transition | comment }}
-- Needs: none
{% import "gridded.jinja" as gridded -%}
CREATE TABLE transition (
    {{- gridded.columns(variables["transition"]) }}
);
