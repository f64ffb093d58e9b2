-- Title: Rows to export
-- Purpose: chosen columns of a table or view, some of its rows, in a fixed order
-- Units: those of the table
-- Caveat: with by_year, of the years $1 to $2
-- Source: the table
-- Needs: none
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
{%- if through_cells %}
    AND cell_id IN (
        SELECT cell_id
        FROM cell
        WHERE TRUE
{%- endif %}
{%- if land %}
            AND is_land
{%- endif %}
{%- if country_codes and of_cells %}
            AND cell_id IN (
                SELECT m.cell_id
                FROM cell_region AS m
                INNER JOIN region AS r ON r.region_id = m.region_id
                WHERE r.layer = 'country' AND r.country_code IN (
{%- for code in country_codes %}
                    {{ code | literal }}{% if not loop.last %},{% endif %}
{%- endfor %}

                )
            )
{%- elif country_codes %}
            AND country_code IN (
{%- for code in country_codes %}
                {{ code | literal }}{% if not loop.last %},{% endif %}
{%- endfor %}

            )
{%- endif %}
{%- if box is not none %}
            AND lat BETWEEN {{ box.south | literal }} AND {{ box.north | literal }}
            AND (lon - {{ box.west | literal }})
            - 360 * floor((lon - {{ box.west | literal }}) / 360) <= {{ box.width | literal }}
{%- endif %}
{%- if through_cells %}
    )
{%- endif %}
{%- for column in order %}
{% if loop.first %}ORDER BY {% endif %}{{ column | identifier }}{% if not loop.last %}, {% endif %}
{%- endfor %};
