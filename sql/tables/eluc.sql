-- Title: Emissions from land-use change
-- Purpose: {% if product.is_committed %}committed carbon emissions from land-use change{% else %}net carbon flux from
--   land-use change to the atmosphere{% endif %}, one row for a cell and year
-- Units: t C ha-1 yr-1 of the whole cell; positive is a source
-- Caveat: {% if product.is_committed %}all present and future emissions that the land-use change of
--   the year causes{% else %}the flux of a year belongs to the land-use change between the states
--   of that year and of the next, and includes the legacy of all earlier changes{% endif %}
-- Source: {{ titles.eluc | comment }}
-- Needs: none
{% import "gridded.jinja" as gridded -%}
CREATE TABLE eluc (
    {{- gridded.columns(variables["eluc"]) }}
);
