-- Title: Land uses as shares of the land
-- Purpose: the 12 land uses, crop and forest as shares of the land of the cell, ice and water left
--   out: fraction / (1 - ice_water_fraction)
-- Units: land_ha ha; shares of the land (1)
-- Caveat: NULL where the static file was not loaded, and where all of the cell is ice or water; sums
--   need the area: share * land_ha; shares of cells that are nearly all water amplify rounding
-- Source: LUH2-GCB2022 states.nc; icwtr of staticData_quarterdeg.nc
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
