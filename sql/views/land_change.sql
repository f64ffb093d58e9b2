-- Title: Land changed in a year
-- Purpose: how much of a cell went from one land use to another during a year: half the sum of the
--   absolute changes of its {{ fractions | length | literal }} land uses
-- Units: changed_ha, land_ha ha; changed_fraction of the cell (1); changed_share of the cell's land (1)
-- Caveat: net: what a use loses in one corner of a cell and gains in another does not show,
--   transition has the gross areas; wood harvest of primary land counts (primf to secdf), that of
--   secondary land does not; labelled like luc with the year of the change, between its 1 January
--   and the next; NULL where any land use is NULL; sum changed_ha, never the shares
-- Source: {{ titles.state | comment }}
-- Needs: cell, state

{% import "years.jinja" as years %}
CREATE OR REPLACE VIEW land_change AS
SELECT
    m.cell_id,
    c.lat,
    c.lon,
    m."year",
    c.area_ha,
    c.is_land,
    m.land * c.area_ha AS land_ha,
    m.changed_fraction * c.area_ha AS changed_ha,
    m.changed_fraction,
    m.changed_fraction / nullif(m.land, 0) AS changed_share
FROM (
    SELECT
        cell_id,
        "year",
        (
{%- for name in fractions %}
            {% if not loop.first %}+ {% endif -%}
            CAST(abs({{ (name ~ " next") | identifier }} - {{ name | identifier }}) AS DOUBLE)
{%- endfor %}
        ) / 2 AS changed_fraction,
{%- for name in fractions %}
        {% if not loop.first %}+ {% endif -%}
        CAST({{ name | identifier }} AS DOUBLE)
{%- endfor %} AS land
    FROM (
{%- for block in blocks["state"] %}
{%- if not loop.first %}
        UNION ALL
{%- endif %}
        SELECT
            s.cell_id,
            s."year"
{%- for name in fractions %},
            s.{{ name | identifier }},
            n.{{ name | identifier }} AS {{ (name ~ " next") | identifier }}
{%- endfor %}

        FROM state AS s
        INNER JOIN state AS n ON n.cell_id = s.cell_id AND n."year" = s."year" + 1
        WHERE TRUE
            {{- years.within("s", block) }}
            {{- years.one_later("n", block) }}
{%- endfor %}

    )
) AS m
INNER JOIN cell AS c ON c.cell_id = m.cell_id;
