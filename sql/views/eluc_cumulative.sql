-- Title: Cumulative global emissions
-- Purpose: {% if product.is_committed %}committed{% else %}net{% endif %} emissions of all stored
--   cells by year, and their sum since the first loaded year, as carbon and as carbon dioxide
-- Units: Pg C yr-1 and Pg CO2 yr-1; cumulative Pg C and Pg CO2
-- Caveat: the sum begins with the first loaded year, which first_year gives; years is the number of
--   years in the sum, less than "year" - first_year + 1 where years are missing; never sum the
--   cumulative columns
-- Source: {{ titles.eluc | comment }}; 3.664 Pg CO2 per Pg C (Friedlingstein et al. 2022)
-- Needs: eluc_global
CREATE OR REPLACE VIEW eluc_cumulative AS
SELECT
    "year",
    "date",
    min("year") OVER so_far AS first_year,
    count(emission_pgc) OVER so_far AS years,
    emission_pgc,
    emission_pgc * {{ co2_per_c | literal }} AS emission_pgco2,
    sum(emission_pgc) OVER so_far AS cumulative_pgc,
    sum(emission_pgc) OVER so_far * {{ co2_per_c | literal }} AS cumulative_pgco2
FROM eluc_global
WINDOW so_far AS (ORDER BY "year");
