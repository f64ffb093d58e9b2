-- Title: Emissions and land use, merged
-- Purpose: one row for every cell and year that either eluc or state has, with place, area, the 12
--   land-use fractions, crop and forest
-- Units: eluc t C ha-1 yr-1; emission_tc t C yr-1; area_ha ha; land uses fractions of the cell (1)
-- Caveat: the land use is that of 1 January, the emissions belong to the change until the next
--   1 January (see luc); what a table does not have is NULL; sum emission_tc, never eluc
-- Source: BLUE ELUC, LUH2-GCB2022 states.nc
-- Needs: cell, year, eluc, land_use
CREATE OR REPLACE VIEW eluc_state AS
SELECT
    m.cell_id,
    c.lat,
    c.lon,
    m."year",
    y."date",
    c.area_ha,
    c.is_land,
    m.eluc,
    m.eluc * c.area_ha AS emission_tc,
{%- for name in fractions %}
    m.{{ name | identifier }},
{%- endfor %}
    m.crop,
    m.forest
FROM (
    SELECT s.*, e.eluc
    FROM land_use AS s
    LEFT JOIN eluc AS e ON e.cell_id = s.cell_id AND e."year" = s."year"
    -- two branches instead of a FULL JOIN: filters on cell_id and year reach both tables
    UNION ALL BY NAME
    SELECT e.cell_id, e."year", e.eluc
    FROM eluc AS e
    ANTI JOIN state AS s ON s.cell_id = e.cell_id AND s."year" = e."year"
) AS m
INNER JOIN "year" AS y ON y."year" = m."year"
INNER JOIN cell AS c ON c.cell_id = m.cell_id;
