-- Title: Emissions by country and year
-- Purpose: {% if product.is_committed %}committed{% else %}net{% endif %} emissions from land-use
--   change of today's countries; the row 'Unassigned' of each year holds what is in no country, so
--   that a year sums to eluc_global
-- Units: Mt C yr-1
-- Caveat: borders, also disputed ones, are those of Natural Earth today; a cell that a border or
--   coast cuts counts for each country by cell_region.weight; the pre-1991 countries of LUH2 are
--   the layer luh2_country of eluc_region
-- Source: {{ titles.eluc | comment }}; Natural Earth 4.1.0, 1:50m Admin 0 countries
-- Needs: eluc_total, region
CREATE OR REPLACE VIEW eluc_country AS
SELECT
    r.country_code,
    r.code AS country_iso3,
    coalesce(r."name", 'Unassigned') AS country,
    t."year",
    make_date(t."year", 1, 1) AS "date"
{%- for one in emissions %},
    t.{{ (one.measure ~ "_mtc") | identifier }}
{%- endfor %}

FROM meta.eluc_total AS t
LEFT JOIN region AS r ON r.region_id = t.region_id
WHERE t.layer = 'country';
