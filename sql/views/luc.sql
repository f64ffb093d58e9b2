-- Title: Emissions and land-use change of the same year
-- Purpose: eluc of a year, the land use on its 1 January and the change until the next 1 January;
--   one row where all three exist
-- Units: eluc t C ha-1 yr-1; emission_tc t C yr-1; area_ha ha; land uses and their changes
--   fractions of the cell (1)
-- Caveat: {% if product.is_committed %}eluc is committed: all present and future emissions that the change
--   of the year causes, not the flux of the year{% else %}the ordinary ELUC also holds the legacy of earlier changes,
--   so it is not 0 where nothing changed{% endif %}; sum emission_tc, never eluc
-- Source: {{ titles.eluc | comment }}; {{ titles.state | comment }}
-- Needs: cell, year, eluc, state

-- The states drive the join: every block then builds hash tables of the emissions and of the next
-- states only. The year is joined from the left: it must not seem to leave out rows, or DuckDB builds
-- the wider tables. The date is a join key so that a range of dates reaches the emissions too: else
-- their hash table holds all years of a block. Sums and differences are computed once, after the
-- blocks, and not in each: that keeps the hash tables narrow and a query quick to plan. The space in
-- the names of next year's land uses keeps them apart from variables of a file.
{% import "years.jinja" as years %}
{% import "sums.jinja" as sums %}
CREATE OR REPLACE VIEW luc AS
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
{%- for name in fractions %},
    m.{{ (name ~ " next") | identifier }} - m.{{ name | identifier }}
        AS {{ (name ~ "_diff") | identifier }}
{%- endfor %}
{%- for name, parts in totals.items() %},
    {{ sums.total("m", parts, " next") }} - {{ sums.total("m", parts) }}
        AS {{ (name ~ "_diff") | identifier }}
{%- endfor %}

FROM (
{%- for block in blocks["luc"] %}
{%- if not loop.first %}
    UNION ALL
{%- endif %}
    SELECT
        s.cell_id,
        s."year",
        y."date"
{%- for one in emissions %},
        e.{{ one.column | identifier }}
{%- endfor %}
{%- for name in fractions %},
        s.{{ name | identifier }}
{%- endfor %}
{%- for name in fractions %},
        n.{{ name | identifier }} AS {{ (name ~ " next") | identifier }}
{%- endfor %}

    FROM state AS s
    LEFT JOIN "year" AS y ON y."year" = s."year"
    INNER JOIN state AS n ON n.cell_id = s.cell_id AND n."year" = s."year" + 1
    INNER JOIN (
        SELECT e.*, d."date"
        FROM eluc AS e
        INNER JOIN "year" AS d ON d."year" = e."year"
    ) AS e ON e.cell_id = s.cell_id AND e."year" = s."year" AND e."date" = y."date"
    WHERE TRUE
        {{- years.within("s", block) }}
        {{- years.within("e", block) }}
        {{- years.one_later("n", block) }}
        {{- years.dated_within("y", block) }}
{%- endfor %}

) AS m
INNER JOIN cell AS c ON c.cell_id = m.cell_id;
