-- Title: Emissions and land use, merged
-- Purpose: one row for every cell and year that either eluc or state has, with place, area, the 12
--   land-use fractions, crop and forest
-- Units: eluc t C ha-1 yr-1; emission_tc t C yr-1; area_ha ha; land uses fractions of the cell (1)
-- Caveat: the land use is that of 1 January, the emissions belong to the change until the next
--   1 January (see luc); what a table does not have is NULL; sum emission_tc, never eluc
-- Source: BLUE ELUC, LUH2-GCB2022 states.nc
-- Needs: cell, year, eluc, land_use

-- Blocks of years bound the hash tables; a filter on year or date prunes blocks. The date is a join
-- key so that a filter on it reaches both tables.
CREATE OR REPLACE VIEW eluc_state AS
SELECT
    m.cell_id,
    c.lat,
    c.lon,
    m."year",
    m."date",
    c.area_ha,
    c.is_land,
    m.eluc,
    m.eluc * c.area_ha AS emission_tc
{%- for name in uses %},
    m.{{ name | identifier }}
{%- endfor %}

FROM (
{%- for block in blocks["eluc_state"] %}
{%- if not loop.first %}
    UNION ALL
{%- endif %}
    SELECT *
    FROM (
        SELECT e.cell_id, e."year", y."date", e.eluc
        FROM eluc AS e
        INNER JOIN "year" AS y ON y."year" = e."year"
        WHERE TRUE
            {%- if block.first is not none %}
            AND e."year" >= {{ block.first | literal }}
            AND y."date" >= make_date({{ block.first | literal }}, 1, 1)
            {%- endif %}
            {%- if block.stop is not none %}
            AND e."year" < {{ block.stop | literal }}
            AND y."date" < make_date({{ block.stop | literal }}, 1, 1)
            {%- endif %}
    ) AS e
    FULL JOIN (
        SELECT s.*, y."date"
        FROM land_use AS s
        INNER JOIN "year" AS y ON y."year" = s."year"
        WHERE TRUE
            {%- if block.first is not none %}
            AND s."year" >= {{ block.first | literal }}
            AND y."date" >= make_date({{ block.first | literal }}, 1, 1)
            {%- endif %}
            {%- if block.stop is not none %}
            AND s."year" < {{ block.stop | literal }}
            AND y."date" < make_date({{ block.stop | literal }}, 1, 1)
            {%- endif %}
    ) AS s USING (cell_id, "year", "date")
{%- endfor %}
) AS m
INNER JOIN cell AS c ON c.cell_id = m.cell_id;
