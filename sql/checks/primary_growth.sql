-- Title: Primary land that grows
-- Purpose: cells and years with more primary vegetation than in the year before: what was lost once
--   is secondary for ever
-- Units: fractions of the cell (1)
-- Caveat: within 1e-6
-- Source: LUH2 states.nc
-- Needs: state_diff
{% if figures %}
SELECT
    count(primf_diff) + count(primn_diff) AS counted,
    coalesce(max(greatest(primf_diff, primn_diff)) <= 1e-6, TRUE) AS holds,
    max(greatest(primf_diff, primn_diff)) AS largest_growth
FROM state_diff;
{% else %}
SELECT
    'primf' AS variable,
    cell_id,
    "year",
    CAST(primf_diff AS DOUBLE) AS "value",
    0e0 AS expected,
    'growth since ' || prev_year AS note
FROM state_diff
WHERE primf_diff > 1e-6
UNION ALL
SELECT
    'primn',
    cell_id,
    "year",
    CAST(primn_diff AS DOUBLE),
    0e0,
    'growth since ' || prev_year
FROM state_diff
WHERE primn_diff > 1e-6;
{% endif %}
