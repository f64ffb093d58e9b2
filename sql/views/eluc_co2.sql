-- Title: Emissions as carbon and as carbon dioxide
-- Purpose: the rows of eluc with place and area, as mass of carbon and of carbon
--   dioxide{% if emissions | length > 1 %}, for each product of emissions{% endif %}
-- Units: eluc t C ha-1 yr-1; eluc_tco2_ha t CO2 ha-1 yr-1; emission_tc t C yr-1; emission_tco2
--   t CO2 yr-1; area_ha ha
-- Caveat: two units of the same emissions: sum emission_tc or emission_tco2, never both together,
--   and never eluc or eluc_tco2_ha
-- Source: {{ titles.eluc | comment }}; 3.664 t CO2 per t C (Friedlingstein et al. 2022)
-- Needs: cell, year, eluc
CREATE OR REPLACE VIEW eluc_co2 AS
SELECT
    e.cell_id,
    c.lat,
    c.lon,
    e."year",
    y."date",
    c.area_ha,
    c.is_land
{%- for one in emissions %},
    e.{{ one.column | identifier }},
    e.{{ one.column | identifier }} * {{ co2_per_c | literal }}
        AS {{ (one.column ~ "_tco2_ha") | identifier }},
    e.{{ one.column | identifier }} * c.area_ha AS {{ (one.measure ~ "_tc") | identifier }},
    e.{{ one.column | identifier }} * c.area_ha * {{ co2_per_c | literal }}
        AS {{ (one.measure ~ "_tco2") | identifier }}
{%- endfor %}

FROM eluc AS e
INNER JOIN "year" AS y ON y."year" = e."year"
INNER JOIN cell AS c ON c.cell_id = e.cell_id;
