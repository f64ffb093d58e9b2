-- Title: Land use by year and country
-- Purpose: the sums that state_country and state_global show, computed once after loading: adding
--   up every cell of every year takes seconds, reading them milliseconds
-- Units: million hectares (Mha)
-- Caveat: read it through state_country and state_global; country_code is NULL for cells without a
--   country
-- Source: LUH2-GCB2022 states.nc, cell areas as in cell, ccode of LUH2 staticData_quarterdeg.nc
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
