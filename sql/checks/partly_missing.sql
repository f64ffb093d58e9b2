-- Title: Values that are missing alone
-- Purpose: rows that lack some of the variables that can only be missing together: the 12 land
--   uses, and the transitions between them
-- Units: none
-- Caveat: one missing transition would leave the balance of its cell unproved
-- Source: LUH2 states.nc and transitions.nc
-- Needs: state, transition
{%- for table, columns in together %}
{%- if not loop.first %}
UNION ALL
{%- endif %}
SELECT
    concat_ws(', '
{%- for column in columns %},
        CASE WHEN {{ column | identifier }} IS NULL THEN {{ column | literal }} END
{%- endfor %}

    ) AS variable,
    cell_id,
    "year",
    CAST(NULL AS DOUBLE) AS "value",
    CAST(NULL AS DOUBLE) AS expected,
    {{ ("missing in " ~ table) | literal }} AS note
FROM {{ table | identifier }}
WHERE (
{%- for column in columns %}
        {% if not loop.first %}OR {% endif %}{{ column | identifier }} IS NULL
{%- endfor %}
    )
    AND (
{%- for column in columns %}
        {% if not loop.first %}OR {% endif %}{{ column | identifier }} IS NOT NULL
{%- endfor %}
    )
{%- endfor %};
