-- Title: Emissions by year and country
-- Purpose: the sums that eluc_country and eluc_global show, computed during the build: adding up
--   every cell of every year takes seconds, reading the sums milliseconds
-- Units: Mt C yr-1
-- Caveat: read it through eluc_country and eluc_global; country_code is NULL for cells without a
--   country
-- Source: eluc, the cell areas, and ccode of LUH2 staticData_quarterdeg.nc
-- Needs: eluc, cell
CREATE TABLE eluc_total (
    "year" SMALLINT NOT NULL,
    country_code SMALLINT,
    country_iso3 VARCHAR,
    country VARCHAR,
    emission_mtc DOUBLE
);
