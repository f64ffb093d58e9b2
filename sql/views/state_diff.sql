-- Title: Land use, year over year
-- Purpose: every variable of state, crop and forest minus its value in the latest earlier year of the table,
--   labelled with the later year as xarray's diff does
-- Units: those of the variables, in the comment of each column
-- Caveat: never join it to eluc on year, use luc: the emissions of a year belong to the change that
--   state_diff labels with the following year. A gap in the years shows in prev_year; a cell
--   without a row in either year has no row
-- Source: {{ titles.state | comment }}
-- Needs: year, state

{% import "years.jinja" as years %}
CREATE OR REPLACE VIEW state_diff AS
{{ years.differences("state", variables["state"], blocks["state"], totals_of_state) }};
