-- Gives a table, a view or a macro its description. Kind is TABLE, VIEW, MACRO or MACRO TABLE.
{% if kind == "VIEW" %}
COMMENT ON VIEW {{ schema | identifier }}.{{ name | identifier }} IS {{ text | literal }};
{% elif kind == "TABLE" %}
COMMENT ON TABLE {{ schema | identifier }}.{{ name | identifier }} IS {{ text | literal }};
{% elif kind == "MACRO" %}
COMMENT ON MACRO {{ schema | identifier }}.{{ name | identifier }} IS {{ text | literal }};
{% else %}
COMMENT ON MACRO TABLE {{ schema | identifier }}.{{ name | identifier }} IS {{ text | literal }};
{% endif %}
