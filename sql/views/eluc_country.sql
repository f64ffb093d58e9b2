-- Title: Emissions by country and year
-- Purpose: {% if product.is_committed %}committed{% else %}net{% endif %} emissions from land-use
--   change of all stored cells of a country; the row 'Unassigned' of each year holds the cells in
--   no country, so that a year sums to eluc_global
-- Units: Mt C yr-1
-- Caveat: pre-1991 borders: the Soviet Union, Yugoslavia and Czechoslovakia are one row each and
--   cannot be split; without the static file everything is 'Unassigned'
-- Source: {{ titles.eluc | comment }}; ccode of LUH2 staticData_quarterdeg.nc
-- Needs: eluc_total
CREATE OR REPLACE VIEW eluc_country AS
SELECT
    country_code,
    country_iso3,
    country,
    "year",
    make_date("year", 1, 1) AS "date",
    emission_mtc
FROM eluc_total;
