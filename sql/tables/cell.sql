-- Title: Cells of the grid
-- Purpose: one row for every cell of the grid, sea included: its place, area and land, and its
--   country and potential vegetation where the static file was loaded
-- Units: degrees north and east, hectares, fractions 0..1, kg C m-2
-- Caveat: the land mask (is_land) and the cells of the states (has_state) differ: some coastal
--   cells with a state are sea in the mask, and the mask counts Antarctica and lakes as land;
--   the country is LUH2's, with pre-1991 borders: today's are in cell_region{% if box %}; only
--   the window {{ box | comment }} (west, south, east, north) was loaded: cell_id counts its cells{% endif %}
-- Source: the ELUC file's cell_area (else R = 6371.0 km), global-land-mask 1.0.0, LUH2
--   staticData_quarterdeg.nc
-- Needs: none
CREATE TABLE cell (
    cell_id INTEGER NOT NULL,
    lat DOUBLE NOT NULL,
    lon DOUBLE NOT NULL,
    area_ha DOUBLE NOT NULL,
    is_land BOOLEAN NOT NULL,
    land_fraction REAL NOT NULL,
    has_state BOOLEAN NOT NULL,
    ice_water_fraction REAL,
    potential_forest BOOLEAN,
    potential_biomass REAL,
    country_code SMALLINT,
    country_iso3 VARCHAR,
    country_iso2 VARCHAR,
    country VARCHAR
);
