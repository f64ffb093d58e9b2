-- Title: Land-use states
-- Purpose: land-use fractions on 1 January, one row for a cell and year, under the file's own
--   variable names
-- Units: fractions of the cell (1) for land uses; the comment of each column has its unit
-- Caveat: the {{ fractions | length | literal }} land uses sum to 1 less the ice and water
--   fraction, not to 1; a missing value is NULL
-- Source: {{ titles.state | comment }}
-- Needs: none
{% import "gridded.jinja" as gridded -%}
CREATE TABLE state (
    {{- gridded.columns(variables["state"]) }}
);
