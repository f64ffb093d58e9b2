-- Title: Land use by year and region
-- Purpose: the sums that state_global, state_country and state_region show, computed during the
--   build: adding up every cell of every year takes seconds, reading the sums milliseconds
-- Units: million hectares (Mha)
-- Caveat: read it through those views; layer is NULL for the globe, and region_id is NULL for the
--   globe and for what is outside all regions of a layer
-- Source: state, the cell areas, and the weights of cell_region
-- Needs: state, cell, cell_region
CREATE TABLE meta.state_total (
    layer VARCHAR,
    region_id INTEGER,
    "year" SMALLINT NOT NULL
{%- for name in uses %},
    {{ (name ~ "_mha") | identifier }} DOUBLE
{%- endfor %}

);
