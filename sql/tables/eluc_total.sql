-- Title: Emissions by year and region
-- Purpose: the sums that eluc_global, eluc_country and eluc_region show, computed during the build:
--   adding up every cell of every year takes seconds, reading the sums milliseconds
-- Units: Mt C yr-1
-- Caveat: read it through those views; layer is NULL for the globe, and region_id is NULL for the
--   globe and for what is outside all regions of a layer
-- Source: eluc, the cell areas, and the weights of cell_region
-- Needs: eluc, cell, cell_region
CREATE TABLE meta.eluc_total (
    layer VARCHAR,
    region_id INTEGER,
    "year" SMALLINT NOT NULL
{%- for one in emissions %},
    {{ (one.measure ~ "_mtc") | identifier }} DOUBLE
{%- endfor %}

);
