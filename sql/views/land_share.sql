-- Title: Land uses as shares of the land
-- Purpose: the {{ fractions | length | literal }} land uses, crop and forest as shares of the land
--   of the cell, without ice and water: fraction / (1 - ice_water_fraction)
-- Units: land_ha ha; shares of the land (1)
-- Caveat: NULL without the static file, and where all of the cell is ice or water; to sum, multiply
--   by land_ha; shares of cells that are nearly all water amplify rounding
-- Source: {{ titles.state | comment }}; icwtr of LUH2 staticData_quarterdeg.nc
-- Needs: cell, land_use
CREATE OR REPLACE VIEW land_share AS
SELECT
    s.cell_id,
    c.lat,
    c.lon,
    s."year",
    c.is_land,
    c.area_ha * (1 - CAST(c.ice_water_fraction AS DOUBLE)) AS land_ha
{%- for name in uses %},
    s.{{ name | identifier }} / nullif(1 - CAST(c.ice_water_fraction AS DOUBLE), 0)
        AS {{ (name ~ "_share") | identifier }}
{%- endfor %}

FROM land_use AS s
INNER JOIN cell AS c ON c.cell_id = s.cell_id;
