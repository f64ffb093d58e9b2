-- Title: Emissions as series of years
-- Purpose: the values of eluc again, one row for a cell and a span of years, so that views join the
--   emissions of a cell once for the span and not once for every year
-- Units: t C ha-1 yr-1 of the whole cell; positive is a source
-- Caveat: read it through eluc_state, eluc_diff and luc; a list holds one value for every calendar year of
--   the span, NULL where eluc has no row or no value
-- Source: eluc
-- Needs: eluc
CREATE TABLE meta.eluc_series (
    cell_id INTEGER NOT NULL,
    first_year SMALLINT NOT NULL,
    last_year SMALLINT NOT NULL
{%- for one in emissions %},
    {{ one.column | identifier }} REAL[]
{%- endfor %}

);
