-- Title: Map of emissions and land use at one degree
-- Purpose: emissions, land uses and their changes by year and square of one degree, computed during
--   the build: few enough rows for a tool to draw the map of any year at once
-- Units: degrees north and east of the square's centre; area_ha and land uses ha; emission_tc t C yr-1
-- Caveat: land uses are those of 1 January, changes and emissions those of the year, as in luc; sums
--   over the stored cells of the square, NULL where there is none with a value, while area_ha counts
--   all cells of the square; crop and forest are sums of other columns; on grids of one degree and
--   coarser, one row a cell; on other grids a cell belongs to the square that holds its centre
-- Source: {{ titles.eluc | comment }}; {{ titles.state | comment }}
-- Needs: cell, eluc, state
CREATE TABLE luc_map_1deg (
    "year" SMALLINT NOT NULL,
    "date" DATE NOT NULL,
    lat DOUBLE NOT NULL,
    lon DOUBLE NOT NULL,
    area_ha DOUBLE NOT NULL
{%- for one in emissions %},
    {{ (one.measure ~ "_tc") | identifier }} DOUBLE
{%- endfor %}
{%- for name in uses %},
    {{ (name ~ "_ha") | identifier }} REAL
{%- endfor %}
{%- for name in uses %},
    {{ (name ~ "_diff_ha") | identifier }} REAL
{%- endfor %}

);
