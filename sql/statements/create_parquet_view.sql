-- Title: A gridded table as a view of its Parquet parts
-- Purpose: a view of the name, columns and types of a table, over the parts in parquet_folder()
-- Units: those of the table
-- Caveat: the parts must exist when it is created; a view has no NOT NULL
-- Source: the Parquet dataset
-- Needs: none
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
