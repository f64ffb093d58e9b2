-- Title: Drop a view or macro
-- Purpose: lets it be created again when the years of a table turn out other than expected
-- Units: none
-- Caveat: kind is VIEW, MACRO or MACRO TABLE
-- Source: DuckDB, statement DROP
-- Needs: none
{% if kind == "VIEW" %}
DROP VIEW IF EXISTS {{ name | identifier }};
{% elif kind == "MACRO" %}
DROP MACRO IF EXISTS {{ name | identifier }};
{% else %}
DROP MACRO TABLE IF EXISTS {{ name | identifier }};
{% endif %}
