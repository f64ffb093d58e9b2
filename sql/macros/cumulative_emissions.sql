-- Title: Cumulative emissions by cell
-- Purpose: cumulative_emissions(first_year, last_year) is the sum of the emissions of every cell
--   from first_year to last_year, both included, one row a cell{% if emissions | length > 1 %},
--   for each product of emissions{% endif %}
-- Units: cumulative_tc t C; cumulative_tco2 t CO2; cumulative_tc_ha t C ha-1
-- Caveat: years is the number of years of the cell in the sum: years that are not loaded are
--   missing from it; the legacy of changes before first_year is included; sum cumulative_tc, never
--   cumulative_tc_ha; USE the database first when it is attached
-- Source: {{ titles.eluc | comment }}; 3.664 t CO2 per t C (Friedlingstein et al. 2022)
-- Needs: cell, eluc
CREATE OR REPLACE MACRO cumulative_emissions(first_year, last_year) AS TABLE
SELECT
    t.cell_id,
    c.lat,
    c.lon,
    c.area_ha,
    c.is_land,
    CAST(first_year AS SMALLINT) AS first_year,
    CAST(last_year AS SMALLINT) AS last_year
{%- for one in emissions %}
{%- set per_hectare = (one.prefix ~ "cumulative_tc_ha") | identifier %},
    t.{{ (one.prefix ~ "years") | identifier }},
    t.{{ per_hectare }} * c.area_ha AS {{ (one.prefix ~ "cumulative_tc") | identifier }},
    t.{{ per_hectare }} * c.area_ha * {{ co2_per_c | literal }}
        AS {{ (one.prefix ~ "cumulative_tco2") | identifier }},
    t.{{ per_hectare }}
{%- endfor %}

FROM (
    SELECT
        cell_id
{%- for one in emissions %},
        count({{ one.column | identifier }}) AS {{ (one.prefix ~ "years") | identifier }},
        sum({{ one.column | identifier }}) AS {{ (one.prefix ~ "cumulative_tc_ha") | identifier }}
{%- endfor %}

    FROM eluc
    WHERE "year" BETWEEN CAST(first_year AS SMALLINT) AND CAST(last_year AS SMALLINT)
    GROUP BY cell_id
) AS t
INNER JOIN cell AS c ON c.cell_id = t.cell_id;
