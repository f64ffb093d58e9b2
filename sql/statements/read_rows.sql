-- Every row of a table, or those of some years, to be compared with what was written. In no particular
-- order.
SELECT * FROM {{ schema | identifier }}.{{ table | identifier }}
{%- if years %} WHERE "year" BETWEEN {{ years[0] | literal }} AND {{ years[1] | literal }}
{%- endif %};
