-- Title: Sum of the land uses
-- Purpose: cells and years whose 12 land uses do not add up to 1 less ice and water, or to more
--   than 1 where that is not known
-- Units: fractions of the cell (1)
-- Caveat: within 1e-5; without the static grid only the upper bound can be checked
-- Source: LUH2 states.nc and staticData_quarterdeg.nc
-- Needs: cell, state
WITH summed AS NOT MATERIALIZED (
    SELECT
        s.cell_id,
        s."year",
        {% for use in fractions %}{% if not loop.first %}
        + {% endif %}CAST(s.{{ use | identifier }} AS DOUBLE){% endfor %} AS total,
        1e0 - coalesce(c.ice_water_fraction, 0) AS expected,
        c.ice_water_fraction IS NOT NULL AS is_exact
    FROM state AS s
    INNER JOIN cell AS c ON c.cell_id = s.cell_id
),

compared AS NOT MATERIALIZED (
    SELECT *, CASE WHEN is_exact THEN abs(total - expected) ELSE total - expected END AS excess
    FROM summed
)
{% if figures %}
SELECT
    count(total) AS counted,
    coalesce(max(excess) <= 1e-5, TRUE) AS holds,
    max(excess) AS largest_excess,
    count_if(is_exact) AS with_ice_and_water
FROM compared;
{% else %}
SELECT
    'sum of the 12 land uses' AS variable,
    cell_id,
    "year",
    total AS "value",
    expected,
    CASE WHEN is_exact THEN '1 - ice_water_fraction' ELSE 'at most' END AS note
FROM compared
WHERE excess > 1e-5;
{% endif %}
