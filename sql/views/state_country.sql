-- Title: Land use by country and year
-- Purpose: area of the {{ fractions | length | literal }} land uses, crop and forest in today's countries; the
--   row 'Unassigned' of each year holds what is in no country, so that a year sums to state_global
-- Units: million hectares (Mha)
-- Caveat: borders, also disputed ones, are those of Natural Earth today; a cell that a border or
--   coast cuts counts for each country by cell_region.weight; the pre-1991 countries of LUH2 are
--   the layer luh2_country of state_region; forest is land that LUH2 classifies as
--   potential forest, not FAO forest
-- Source: {{ titles.state | comment }}; Natural Earth 4.1.0, 1:50m Admin 0 countries
-- Needs: state_total, region
CREATE OR REPLACE VIEW state_country AS
SELECT
    r.country_code,
    r.code AS country_iso3,
    coalesce(r."name", 'Unassigned') AS country,
    t."year",
    make_date(t."year", 1, 1) AS "date"
{%- for name in uses %},
    t.{{ (name ~ "_mha") | identifier }}
{%- endfor %}

FROM meta.state_total AS t
LEFT JOIN region AS r ON r.region_id = t.region_id
WHERE t.layer = 'country';
