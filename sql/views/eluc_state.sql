-- Title: Emissions and land use, merged
-- Purpose: one row for every cell and year that eluc or state has, with place, area, the
--   {{ fractions | length | literal }} land uses, crop and forest
-- Units: eluc t C ha-1 yr-1; emission_tc t C yr-1; area_ha ha; land uses fractions of the cell (1)
-- Caveat: the land use is that of 1 January, the emissions belong to the change until the next 1
--   January (see luc); NULL where a table has no row; sum emission_tc, never eluc
-- Source: {{ titles.eluc | comment }}; {{ titles.state | comment }}
-- Needs: cell, year, eluc, state

-- Every state finds the emissions of its cell in the series of the cell, one row for many years: a
-- hash table of eluc itself would hold every year of every cell. That needs a row of state for each of
-- its cells and years, so that eluc adds only rows of other cells and other years. Otherwise both
-- tables are joined in blocks of years; the date is a join key there, so that a filter on it reaches
-- both. crop and forest are added up once, after the blocks: planning takes longer with every
-- expression of a block.
{% import "series.jinja" as series %}
{% import "years.jinja" as years %}
{% import "sums.jinja" as sums %}

{#- The columns of a row of eluc. -#}
{%- macro emission_columns() -%}
e.cell_id,
            e."year",
            y."date"
{%- for one in emissions %},
            e.{{ one.column | identifier }}
{%- endfor %}
{%- endmacro %}

{#- Emissions of cells with or without any states. -#}
{%- macro alone(has_state) -%}
    SELECT
        {{ emission_columns() }}
{%- for name in fractions %},
        NULL AS {{ name | identifier }}
{%- endfor %}

    FROM eluc AS e
    INNER JOIN "year" AS y ON y."year" = e."year"
    WHERE e.cell_id IN (SELECT cell_id FROM cell WHERE {% if not has_state %}NOT {% endif %}has_state)
{%- endmacro %}
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
{%- if has_series %}
    SELECT
        s.cell_id,
        s."year",
        p."date"
{%- for one in emissions %},
        {{ series.of_year(one.column, "s") }} AS {{ one.column | identifier }}
{%- endfor %}
{%- for name in fractions %},
        s.{{ name | identifier }}
{%- endfor %}

    FROM state AS s
    INNER JOIN meta.eluc_span AS p ON p."year" = s."year"
    LEFT JOIN meta.eluc_series AS v ON v.cell_id = s.cell_id AND v.first_year = p.first_year
    UNION ALL
    {{ alone(false) }}
{%- if eluc_alone %}
    UNION ALL
    {{ alone(true) }}
        AND NOT y.has_state
{%- endif %}
{%- else %}
{%- for block in blocks["either"] %}
{%- if not loop.first %}
    UNION ALL
{%- endif %}
    SELECT *
    FROM (
        SELECT
            {{ emission_columns() }}

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
{%- endif %}
) AS m
INNER JOIN cell AS c ON c.cell_id = m.cell_id;
