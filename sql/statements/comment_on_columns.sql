-- Title: Comments on the columns of a table
-- Purpose: gives every column of a table or a view its description and unit
-- Units: none
-- Caveat: a view must exist with its final columns; replacing it drops its comments
-- Source: the data dictionary
-- Needs: none
{% for column in columns %}
COMMENT ON COLUMN {{ schema | identifier }}.{{ table | identifier }}.{{ column.name | identifier }}
IS {{ column.text | literal }};
{% endfor %}
