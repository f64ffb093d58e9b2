-- Title: Cumulative global emissions
-- Purpose: {% if product.is_committed %}committed{% else %}net{% endif %} emissions of all stored
--   cells by year, and their sum since the first loaded year, as carbon and as carbon
--   dioxide{% if emissions | length > 1 %}, for each product of emissions{% endif %}
-- Units: Pg C yr-1 and Pg CO2 yr-1; cumulative Pg C and Pg CO2
-- Caveat: the sum begins with the first loaded year, which first_year gives; years is the number of
--   years in the sum, less than "year" - first_year + 1 where years are missing; never sum the
--   cumulative columns
-- Source: {{ titles.eluc | comment }}; 3.664 Pg CO2 per Pg C (Friedlingstein et al. 2022)
-- Needs: eluc_global
CREATE OR REPLACE VIEW eluc_cumulative AS
SELECT
    "year",
    "date"
{%- for one in emissions %}
{%- set pgc = (one.measure ~ "_pgc") | identifier %},
    min("year") FILTER (WHERE {{ pgc }} IS NOT NULL) OVER so_far AS {{ (one.prefix ~ "first_year") | identifier }},
    count({{ pgc }}) OVER so_far AS {{ (one.prefix ~ "years") | identifier }},
    {{ pgc }},
    {{ pgc }} * {{ co2_per_c | literal }} AS {{ (one.measure ~ "_pgco2") | identifier }},
    sum({{ pgc }}) OVER so_far AS {{ (one.prefix ~ "cumulative_pgc") | identifier }},
    sum({{ pgc }}) OVER so_far * {{ co2_per_c | literal }} AS {{ (one.prefix ~ "cumulative_pgco2") | identifier }}
{%- endfor %}

FROM eluc_global
WINDOW so_far AS (ORDER BY "year");
