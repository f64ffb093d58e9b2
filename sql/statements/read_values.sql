-- Cell, year and the columns given in the years $1 to $2, of the cells $3 to $4. In no particular
-- order; what is not stored has no row.
SELECT cell_id, "year"{% for column in columns %}, {{ column | identifier }}{% endfor %}

FROM {{ table | identifier }}
WHERE "year" BETWEEN $1 AND $2 AND cell_id BETWEEN $3 AND $4;
