-- Emissions and the areas of the land uses year by year, summed over the cells whose centres are in a
-- box. A cell counts completely or not at all.
{%- import "boxes.jinja" as boxes %}
SELECT
    "year",
    sum({{ emissions | identifier }}) / 1e6 AS emission_mtc
{%- for name in columns %},
    sum(CAST({{ name | identifier }} AS DOUBLE) * area_ha) / 1e6 AS {{ (name ~ "_mha") | identifier }}
{%- endfor %}

FROM eluc_state
WHERE cell_id IN (
    SELECT cell_id
    FROM cell
    WHERE {{ boxes.within("cell", box) }}
)
GROUP BY "year"
ORDER BY "year";
