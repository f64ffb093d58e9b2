-- Gives every column of a table or a view its description and unit. A view must exist with its final
-- columns; replacing it drops its comments.
{% for column in columns %}
COMMENT ON COLUMN {{ schema | identifier }}.{{ table | identifier }}.{{ column.name | identifier }}
IS {{ column.text | literal }};
{% endfor %}
