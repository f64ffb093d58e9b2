-- Title: Values out of range
-- Purpose: fractions below 0 or above 1, and amounts below 0
-- Units: those of the variables
-- Caveat: within 1e-6; only variables whose meaning is known have a range, NaN and infinity are
--   another check
-- Source: the units of LUH2
-- Needs: management, state, transition
{%- for limit in limits %}
{%- if not loop.first %}
UNION ALL
{%- endif %}
SELECT
    {{ (limit.table ~ "." ~ limit.column) | literal }} AS variable,
    cell_id,
    "year",
    CAST({{ limit.column | identifier }} AS DOUBLE) AS "value",
    CASE WHEN {{ limit.column | identifier }} < 0 THEN 0e0 ELSE 1e0 END AS expected,
    CAST(NULL AS VARCHAR) AS note
FROM {{ limit.table | identifier }}
WHERE ({{ limit.column | identifier }} < CAST(-1e-6 AS REAL)
{%- if limit.is_fraction %} OR {{ limit.column | identifier }} > CAST(1.000001e0 AS REAL){% endif %})
    AND isfinite({{ limit.column | identifier }})
{%- endfor %};
