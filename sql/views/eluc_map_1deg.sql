-- Title: Map of emissions at one degree
-- Purpose: emissions by year and square of one degree: few enough rows for a tool to draw the whole
--   map
-- Units: degrees north and east of the square's centre; emission_tc t C yr-1; eluc t C ha-1 yr-1;
--   area_ha ha
-- Caveat: stored cells only: area_ha is their area and eluc their mean weighted by area, so a
--   square on the coast may hold less than a whole one; on grids of one degree and coarser, one row
--   a cell; sum emission_tc, never eluc
-- Source: {{ titles.eluc | comment }}
-- Needs: cell, year, eluc

{% import "squares.jinja" as squares %}
CREATE OR REPLACE VIEW eluc_map_1deg AS
SELECT
    e."year",
    y."date",
    {{ squares.lat("c", grid) }} AS lat,
    {{ squares.lon("c", grid) }} AS lon,
    sum(c.area_ha) AS area_ha,
    sum(e.eluc * c.area_ha) AS emission_tc,
    sum(e.eluc * c.area_ha) / sum(c.area_ha) AS eluc
FROM eluc AS e
INNER JOIN "year" AS y ON y."year" = e."year"
INNER JOIN cell AS c ON c.cell_id = e.cell_id
WHERE e.eluc IS NOT NULL
GROUP BY ALL;
