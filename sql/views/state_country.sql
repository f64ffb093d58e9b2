-- Title: Land use by country and year
-- Purpose: area of the 12 land uses, crop and forest over all stored cells of a country; cells
--   without one are the row 'Unassigned' of each year, so that a year sums to state_global
-- Units: million hectares (Mha)
-- Caveat: borders are those before 1991, which cannot be split: the Soviet Union, Yugoslavia and
--   Czechoslovakia are one row each; without the static file everything is 'Unassigned'; forest is
--   land that LUH2 takes for potential forest, not FAO forest
-- Source: LUH2-GCB2022 states.nc, ccode of LUH2 staticData_quarterdeg.nc
-- Needs: state_total
CREATE OR REPLACE VIEW state_country AS
SELECT
    country_code,
    country_iso3,
    country,
    "year"
{%- for name in uses %},
    {{ (name ~ "_mha") | identifier }}
{%- endfor %}

FROM state_total;
