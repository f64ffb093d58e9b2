-- Title: Emissions and land-use change of the same year
-- Purpose: eluc of a year, the land use on its 1 January and the change until the next 1 January;
--   one row where all three exist
-- Units: eluc t C ha-1 yr-1; emission_tc t C yr-1; area_ha ha; land uses and their changes
--   fractions of the cell (1)
-- Caveat: {% if product.is_committed %}eluc is committed: all present and future emissions that the change
--   of the year causes, not the flux of the year{% else %}the ordinary ELUC also holds the legacy of earlier changes,
--   so it is not 0 where nothing changed{% endif %}; sum emission_tc, never eluc
-- Source: {{ titles.eluc | comment }}; {{ titles.state | comment }}
-- Needs: cell, eluc, land_use

{% import "years.jinja" as years %}
CREATE OR REPLACE VIEW luc AS
SELECT
    m.cell_id,
    c.lat,
    c.lon,
    m."year",
    c.area_ha,
    c.is_land,
    m.eluc,
    m.eluc * c.area_ha AS emission_tc
{%- for name in uses %},
    m.{{ name | identifier }}
{%- endfor %}
{%- for name in uses %},
    m.{{ (name ~ "_diff") | identifier }}
{%- endfor %}

FROM (
{%- for block in blocks["state"] %}
{%- if not loop.first %}
    UNION ALL
{%- endif %}
    SELECT
        e.cell_id,
        e."year",
        e.eluc
{%- for name in uses %},
        s.{{ name | identifier }}
{%- endfor %}
{%- for name in uses %},
        n.{{ name | identifier }} - s.{{ name | identifier }}
            AS {{ (name ~ "_diff") | identifier }}
{%- endfor %}

    FROM eluc AS e
    INNER JOIN land_use AS s ON s.cell_id = e.cell_id AND s."year" = e."year"
    INNER JOIN land_use AS n ON n.cell_id = e.cell_id AND n."year" = e."year" + 1
    WHERE TRUE
        {{- years.within("e", block) }}
        {{- years.one_later("n", block) }}
{%- endfor %}

) AS m
INNER JOIN cell AS c ON c.cell_id = m.cell_id;
