-- Title: Emissions, year over year
-- Purpose: eluc of a year minus eluc of the latest earlier year of the table, labelled with the
--   later year
-- Units: t C ha-1 yr-1
-- Caveat: a gap in the years shows in prev_year; a cell without a row in either year has no row
-- Source: {{ titles.eluc | comment }}
-- Needs: year, eluc

{% import "years.jinja" as years %}
CREATE OR REPLACE VIEW eluc_diff AS
{{ years.differences("eluc", variables["eluc"], blocks["eluc"]) }};
