-- Title: Map of emissions at one degree
-- Purpose: emissions by year and square of one degree: few enough rows for a tool to draw the whole
--   map{% if emissions | length > 1 %}, for each product of emissions{% endif %}
-- Units: degrees north and east of the square's centre; emission_tc t C yr-1; eluc t C ha-1 yr-1;
--   area_ha ha
-- Caveat: stored cells only: area_ha is their area and eluc their mean weighted by
--   area{% if emissions | length > 1 %}, that of each product over the cells that have it{% endif %}, so a square on
--   the coast may hold less than a whole one; on grids of one degree and coarser, one row a cell;
--   sum emission_tc, never eluc
-- Source: {{ titles.eluc | comment }}
-- Needs: cell, year, eluc

{% import "squares.jinja" as squares %}
CREATE OR REPLACE VIEW eluc_map_1deg AS
SELECT
    e."year",
    y."date",
    {{ squares.lat("c", grid) }} AS lat,
    {{ squares.lon("c", grid) }} AS lon,
    sum(c.area_ha) AS area_ha
{%- for one in emissions %}
{%- set value = one.column | identifier %},
    sum(e.{{ value }} * c.area_ha) AS {{ (one.measure ~ "_tc") | identifier }},
    sum(e.{{ value }} * c.area_ha)
        / sum(c.area_ha){% if emissions | length > 1 %} FILTER (e.{{ value }} IS NOT NULL){% endif %} AS {{ value }}
{%- endfor %}

FROM eluc AS e
INNER JOIN "year" AS y ON y."year" = e."year"
INNER JOIN cell AS c ON c.cell_id = e.cell_id
WHERE {% for one in emissions %}{% if not loop.first %} OR {% endif %}e.{{ one.column | identifier }} IS NOT NULL
{%- endfor %}

GROUP BY ALL;
