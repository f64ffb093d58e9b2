-- Columns of a table or view, year by year, of all its rows or of those whose key has the value given.
-- One row a year only where the key makes it so.
SELECT
    "year"
{%- for name in columns %},
    {{ name | identifier }}
{%- endfor %}

FROM {{ relation | identifier }}
{%- if key is not none %}
WHERE {{ key | identifier }} = {{ value | literal }}
{%- endif %}
ORDER BY "year";
