-- Title: Land use by country and year
-- Purpose: area of the {{ fractions | length | literal }} land uses, crop and forest over all
--   stored cells of a country; the row 'Unassigned' of each year holds the cells in no country, so
--   that a year sums to state_global
-- Units: million hectares (Mha)
-- Caveat: pre-1991 borders: the Soviet Union, Yugoslavia and Czechoslovakia are one row each and
--   cannot be split; without the static file everything is 'Unassigned'; forest is land that LUH2
--   classifies as potential forest, not FAO forest
-- Source: {{ titles.state | comment }}; ccode of LUH2 staticData_quarterdeg.nc
-- Needs: state_total
CREATE OR REPLACE VIEW state_country AS
SELECT
    country_code,
    country_iso3,
    country,
    "year",
    make_date("year", 1, 1) AS "date"
{%- for name in uses %},
    {{ (name ~ "_mha") | identifier }}
{%- endfor %}

FROM state_total;
