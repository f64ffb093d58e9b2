-- Title: Emissions, year over year
-- Purpose: eluc of a year minus eluc of the latest earlier year of the table, labelled with the
--   later year
-- Units: t C ha-1 yr-1
-- Caveat: a gap in the years shows in prev_year; a cell without a row in either year has no row
-- Source: {{ titles.eluc | comment }}
-- Needs: year, eluc

-- The later value is a row of eluc; the earlier one comes from the series of the cell, one row for
-- many years: a hash table of eluc itself would hold every year of every cell. Where there are no
-- series, the table is joined with itself.
{% import "series.jinja" as series %}
{% import "years.jinja" as years %}
CREATE OR REPLACE VIEW eluc_diff AS
{%- if has_series %}
{{ years.pairs("eluc") }}
SELECT
    m.cell_id,
    m."year",
    m.prev_year
{%- for variable in variables["eluc"] %},
    m.{{ variable.column | identifier }} - m.{{ (variable.column ~ years.before) | identifier }}
        AS {{ (variable.column ~ "_diff") | identifier }}
{%- endfor %}

FROM (
    SELECT
        e.*
{%- for variable in variables["eluc"] %},
        {{ series.of_year(variable.column, "e", "prev_year") }}
            AS {{ (variable.column ~ years.before) | identifier }}
{%- endfor %}

    FROM (
        SELECT e.*, pair.prev_year, p.first_year
        FROM eluc AS e
        INNER JOIN pair ON pair."year" = e."year"
        INNER JOIN meta.eluc_span AS p ON p."year" = pair.prev_year
    ) AS e
    LEFT JOIN meta.eluc_series AS v ON v.cell_id = e.cell_id AND v.first_year = e.first_year
) AS m
WHERE {{ series.has_row("m", variables["eluc"], years.before) }};
{%- else %}
{{ years.differences("eluc", variables["eluc"], blocks["eluc"]) }};
{%- endif %}
