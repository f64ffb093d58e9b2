-- Title: Comment on an object
-- Purpose: gives a table, a view or a macro its description
-- Units: none
-- Caveat: kind is TABLE, VIEW, MACRO or MACRO TABLE
-- Source: the object's own header
-- Needs: none
{% if kind == "VIEW" %}
COMMENT ON VIEW {{ schema | identifier }}.{{ name | identifier }} IS {{ text | literal }};
{% elif kind == "TABLE" %}
COMMENT ON TABLE {{ schema | identifier }}.{{ name | identifier }} IS {{ text | literal }};
{% elif kind == "MACRO" %}
COMMENT ON MACRO {{ schema | identifier }}.{{ name | identifier }} IS {{ text | literal }};
{% else %}
COMMENT ON MACRO TABLE {{ schema | identifier }}.{{ name | identifier }} IS {{ text | literal }};
{% endif %}
