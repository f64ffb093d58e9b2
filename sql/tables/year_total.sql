-- Title: Global totals by year
-- Purpose: the sums that eluc_global and state_global show, computed once after loading: adding up
--   every cell of every year takes seconds, reading them milliseconds
-- Units: Pg C yr-1; million hectares (Mha)
-- Caveat: read it through eluc_global and state_global; NULL where the year has no such rows
-- Source: BLUE ELUC, LUH2-GCB2022 states.nc, cell areas as in cell
-- Needs: eluc, state
CREATE TABLE year_total (
    "year" SMALLINT NOT NULL,
    emission_pgc DOUBLE
{%- for name in uses %},
    {{ (name ~ "_mha") | identifier }} DOUBLE
{%- endfor %}

);
