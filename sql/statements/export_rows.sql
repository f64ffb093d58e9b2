-- Chosen columns of a table or view, some of its rows, in a fixed order. With by_year, of the years $1
-- to $2; regions_in is the table or column that has the regions.
{%- import "boxes.jinja" as boxes %}
SELECT
{%- for name, column in columns.items() %}
    {{ column | identifier }} AS {{ name | identifier }}{% if not loop.last %},{% endif %}
{%- endfor %}

FROM {{ table | identifier }}
WHERE TRUE
{%- if by_year %}
    AND "year" BETWEEN $1 AND $2
{%- endif %}
{%- for column in complete %}
    AND {{ column | identifier }} IS NOT NULL
{%- endfor %}
{%- if region_ids and regions_in == "region_id" %}
    AND region_id IN (
{%- for number in region_ids %}
        {{ number | literal }}{% if not loop.last %},{% endif %}
{%- endfor %}

    )
{%- elif region_names and regions_in == "country" %}
    AND country IN (
{%- for name in region_names %}
        {{ name | literal }}{% if not loop.last %},{% endif %}
{%- endfor %}

    )
{%- endif %}
{%- if through_cells %}
    AND cell_id IN (
        SELECT cell_id
        FROM cell
        WHERE TRUE
{%- endif %}
{%- if land %}
            AND is_land
{%- endif %}
{%- if region_ids and regions_in == "cell_region" %}
            AND cell_id IN (
                SELECT cell_id
                FROM cell_region
                WHERE region_id IN (
{%- for number in region_ids %}
                    {{ number | literal }}{% if not loop.last %},{% endif %}
{%- endfor %}

                )
            )
{%- endif %}
{%- if box is not none %}
            AND {{ boxes.within("cell" if through_cells else table, box) }}
{%- endif %}
{%- if through_cells %}
    )
{%- endif %}
{%- for column in order %}
{% if loop.first %}ORDER BY {% endif %}{{ column | identifier }}{% if not loop.last %}, {% endif %}
{%- endfor %};
