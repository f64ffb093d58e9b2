-- A view of the name, columns and types of a table, over the parts in parquet_folder(). The parts must
-- exist when it is created; a view has no NOT NULL.
CREATE VIEW {{ table | identifier }} AS
SELECT
    CAST(cell_id AS INTEGER) AS cell_id,
    CAST("year" AS SMALLINT) AS "year"
{%- for variable in variables %},
    CAST({{ variable.column | identifier }} AS REAL) AS {{ variable.column | identifier }}
{%- endfor %}

FROM read_parquet([
{%- for part in parts %}
    parquet_folder() || {{ part | literal }}{% if not loop.last %},{% endif %}
{%- endfor %}

]);
