-- Title: Land use by year and country
-- Purpose: the sums that state_country and state_global show, computed during the build: adding up
--   every cell of every year takes seconds, reading the sums milliseconds
-- Units: million hectares (Mha)
-- Caveat: read it through state_country and state_global; country_code is NULL for cells without a
--   country
-- Source: state, the cell areas, and ccode of LUH2 staticData_quarterdeg.nc
-- Needs: state, cell
CREATE TABLE state_total (
    "year" SMALLINT NOT NULL,
    country_code SMALLINT,
    country_iso3 VARCHAR,
    country VARCHAR
{%- for name in uses %},
    {{ (name ~ "_mha") | identifier }} DOUBLE
{%- endfor %}

);
