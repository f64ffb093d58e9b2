-- Title: {{ source.title | comment }}
-- Purpose: the variables of {{ source.file | comment }}, one row for a cell and year, under the
--   file's own variable names
-- Units: those of the file, in the comment of each column
-- Caveat: {% if source.all_years_decide %}a cell has rows for what it holds in any year{% else %}a
--   cell has a row of a year in which it has a value{% endif %}; a missing value is NULL
-- Source: {{ titles[source.table] | comment }}
-- Needs: none
{% import "gridded.jinja" as gridded -%}
CREATE TABLE {{ source.table | identifier }} (
    {{- gridded.columns(variables[source.table]) }}
);
