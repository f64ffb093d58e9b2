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

-- The states drive the join. The blocks pair the states of two years, and the series of the emissions,
-- one row for many years of a cell, are joined after them. The years of a span repeat what first_year
-- says, so that a filter on the year reaches the series too. Where there are no series, the blocks join
-- the emissions as well: on the date too, else their hash table holds all years of a block. The year
-- is joined from the left: it must not seem to leave out rows, or DuckDB builds the wider tables. Sums
-- and differences are computed once, after the blocks, and not in each: that keeps the hash tables
-- narrow and a query quick to plan. The space in the names of next year's land uses keeps them apart
-- from variables of a file.
{% import "series.jinja" as series %}
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
{%- if has_series %}
    SELECT
        pair.*
{%- for one in emissions %},
        {{ series.of_year(one.column, "pair") }} AS {{ one.column | identifier }}
{%- endfor %}

    FROM (
{%- endif %}
{%- for block in blocks["luc"] %}
{%- if not loop.first %}
    UNION ALL
{%- endif %}
    SELECT
        s.cell_id,
        s."year",
        y."date"
{%- if has_series %},
        y.first_year
{%- else %}
{%- for one in emissions %},
        e.{{ one.column | identifier }}
{%- endfor %}
{%- endif %}
{%- for name in fractions %},
        s.{{ name | identifier }}
{%- endfor %}
{%- for name in fractions %},
        n.{{ name | identifier }} AS {{ (name ~ " next") | identifier }}
{%- endfor %}

    FROM state AS s
    LEFT JOIN {% if has_series %}meta.eluc_span{% else %}"year"{% endif %} AS y ON y."year" = s."year"
    INNER JOIN state AS n ON n.cell_id = s.cell_id AND n."year" = s."year" + 1
{%- if not has_series %}
    INNER JOIN (
        SELECT e.*, d."date"
        FROM eluc AS e
        INNER JOIN "year" AS d ON d."year" = e."year"
    ) AS e ON e.cell_id = s.cell_id AND e."year" = s."year" AND e."date" = y."date"
{%- endif %}
    WHERE TRUE
        {{- years.within("s", block) }}
{%- if not has_series %}
        {{- years.within("e", block) }}
{%- endif %}
        {{- years.one_later("n", block) }}
        {{- years.dated_within("y", block) }}
{%- endfor %}
{%- if has_series %}
    ) AS pair
    INNER JOIN meta.eluc_series AS v
        ON v.cell_id = pair.cell_id
        AND v.first_year = pair.first_year
        AND pair."year" BETWEEN v.first_year AND v.last_year
{%- endif %}
) AS m
INNER JOIN cell AS c ON c.cell_id = m.cell_id
{%- if has_series %}
WHERE {{ series.has_row("m", emissions) }}
{%- endif %};
