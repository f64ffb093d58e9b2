-- Title: Cell at a place
-- Purpose: cell_at(latitude, longitude) is the cell_id of the nearest cell
-- Units: degrees north, degrees east
-- Caveat: longitude wraps around the Earth; NULL for a latitude outside -90..90, for NULL, and for a
--   place more than one cell outside a regional grid; halfway between two cells the northern and the
--   eastern one is taken; the arguments are evaluated several times, so do not pass random()
-- Source: the nominal grid of the build; the rule of xarray's sel(method="nearest")
-- Needs: none

-- The floor proposes one of the two neighbours. The distances to both decide, in the arithmetic that
-- made the coordinates, so that ties are exact.
{% set lat %}CAST(latitude AS DOUBLE){% endset %}
{% set lon %}CAST(longitude AS DOUBLE){% endset %}
{% set north %}{{ grid.north | literal }}{% endset %}
{% set step_lat %}{{ grid.step_lat | literal }}{% endset %}
{% set west %}{{ grid.west | literal }}{% endset %}
{% set step_lon %}{{ grid.step_lon | literal }}{% endset %}
{% set around %}
(CASE
    WHEN {{ lon }} >= {{ cut | literal }} AND {{ lon }} < {{ (cut + 360) | literal }} THEN {{ lon }}
    ELSE {{ lon }} - 360e0 * floor(({{ lon }} - {{ cut | literal }}) / 360e0)
END)
{%- endset %}
{% set row %}
greatest(0, least({{ (grid.n_lat - 2) | literal }},
    floor(({{ north }} - {{ lat }}) / {{ step_lat }})))
{%- endset %}
{% set column %}
greatest({{ first_column | literal }}, least({{ last_column | literal }},
    floor(({{ around }} - {{ west }}) / {{ step_lon }})))
{%- endset %}
CREATE OR REPLACE MACRO cell_at(latitude, longitude) AS (
    CASE
        WHEN {{ lat }} BETWEEN {{ reach.south | literal }} AND {{ reach.north | literal }}
            AND isfinite({{ lon }})
{%- if not grid.is_global %}
            AND {{ around }} BETWEEN {{ reach.west | literal }} AND {{ reach.east | literal }}
{%- endif %}
            THEN
            {{ grid.n_lon | literal }} * CAST({{ row }} + CASE
                WHEN abs({{ lat }} - ({{ north }} - {{ step_lat }} * {{ row }}))
                    <= abs({{ lat }} - ({{ north }} - {{ step_lat }} * ({{ row }} + 1)))
                THEN 0 ELSE 1
            END AS INTEGER)
            + CAST({{ column }} + CASE
                WHEN abs({{ around }} - ({{ west }} + {{ step_lon }} * {{ column }}))
                    < abs({{ around }} - ({{ west }} + {{ step_lon }} * ({{ column }} + 1)))
                THEN 0 ELSE 1
            END + {{ grid.n_lon | literal }} AS INTEGER) % {{ grid.n_lon | literal }}
    END
);
