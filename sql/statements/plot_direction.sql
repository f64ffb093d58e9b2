-- In how many rows of a year the expression is larger, and in how many smaller, with the columns given
-- raised than with them lowered; all else in the row stays as it is. The expression is the user's:
-- parsed, and written back by DuckDB's own parser.
WITH tried AS (
    SELECT *
    FROM {{ relation | identifier }}
    WHERE TRUE
    {%- if year is not none %}
        AND "year" = {{ year | literal }}
    {%- endif %}
    {%- for column in columns %}
        AND {{ column | identifier }} IS NOT NULL
    {%- endfor %}

),

raised AS (
    SELECT cell_id, CAST({{ expression | expression }} AS DOUBLE) AS upper_value
    FROM (
        SELECT * REPLACE (
        {%- for column in columns %}
        {%- if signed %}
            CASE WHEN {{ column | identifier }} = 0 THEN 1 ELSE abs({{ column | identifier }}) END
        {%- else %}
            {{ column | identifier }} * 1.5 + 0.01
        {%- endif %} AS {{ column | identifier }}{% if not loop.last %},{% endif %}
        {%- endfor %}

        )
        FROM tried
    )
),

lowered AS (
    SELECT cell_id, CAST({{ expression | expression }} AS DOUBLE) AS lower_value
    FROM (
        SELECT * REPLACE (
        {%- for column in columns %}
        {%- if signed %}
            CASE WHEN {{ column | identifier }} = 0 THEN -1 ELSE -abs({{ column | identifier }}) END
        {%- else %}
            {{ column | identifier }} * 0.5
        {%- endif %} AS {{ column | identifier }}{% if not loop.last %},{% endif %}
        {%- endfor %}

        )
        FROM tried
    )
)

SELECT
    count(*) FILTER (WHERE upper_value > lower_value) AS larger,
    count(*) FILTER (WHERE upper_value < lower_value) AS smaller
FROM raised
INNER JOIN lowered USING (cell_id);
