-- Title: Emissions and land use, merged
-- Purpose: one row for every cell and year that eluc or state has, with place, area, the
--   {{ fractions | length | literal }} land uses, crop and forest
-- Units: eluc t C ha-1 yr-1; emission_tc t C yr-1; area_ha ha; land uses fractions of the cell (1)
-- Caveat: the land use is that of 1 January, the emissions belong to the change until the next 1
--   January (see luc); NULL where a table has no row; sum emission_tc, never eluc
-- Source: {{ titles.eluc | comment }}; {{ titles.state | comment }}
-- Needs: cell, year, eluc, state

-- The date is a join key so that a filter on it reaches both tables. crop and forest are added up
-- once, after the blocks: planning takes longer with every expression of a block.
{% import "years.jinja" as years %}
{% import "sums.jinja" as sums %}
CREATE OR REPLACE VIEW eluc_state AS
SELECT
    m.cell_id,
    c.lat,
    c.lon,
    m."year",
    m."date",
    c.area_ha,
    c.is_land
{%- for one in emissions %},
    m.{{ one.column | identifier }},
    m.{{ one.column | identifier }} * c.area_ha AS {{ (one.measure ~ "_tc") | identifier }}
{%- endfor %}
{%- for name in fractions %},
    m.{{ name | identifier }}
{%- endfor %}
{%- for name, parts in totals.items() %},
    {{ sums.total("m", parts) }} AS {{ name | identifier }}
{%- endfor %}

FROM (
{%- for block in blocks["either"] %}
{%- if not loop.first %}
    UNION ALL
{%- endif %}
    SELECT *
    FROM (
        SELECT
            e.cell_id,
            e."year",
            y."date"
{%- for one in emissions %},
            e.{{ one.column | identifier }}
{%- endfor %}

        FROM eluc AS e
        INNER JOIN "year" AS y ON y."year" = e."year"
        WHERE TRUE
            {{- years.within("e", block) }}
            {{- years.dated_within("y", block) }}
    ) AS e
    FULL JOIN (
        SELECT
            s.cell_id,
            s."year",
            y."date"
{%- for name in fractions %},
            s.{{ name | identifier }}
{%- endfor %}

        FROM state AS s
        INNER JOIN "year" AS y ON y."year" = s."year"
        WHERE TRUE
            {{- years.within("s", block) }}
            {{- years.dated_within("y", block) }}
    ) AS s USING (cell_id, "year", "date")
{%- endfor %}
) AS m
INNER JOIN cell AS c ON c.cell_id = m.cell_id;
