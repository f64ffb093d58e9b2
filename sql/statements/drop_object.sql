-- Lets it be created again when the years of a table turn out other than expected. Kind is VIEW, MACRO
-- or MACRO TABLE.
{% if kind == "VIEW" %}
DROP VIEW IF EXISTS {{ name | identifier }};
{% elif kind == "MACRO" %}
DROP MACRO IF EXISTS {{ name | identifier }};
{% else %}
DROP MACRO TABLE IF EXISTS {{ name | identifier }};
{% endif %}
