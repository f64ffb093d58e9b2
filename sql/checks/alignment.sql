-- Title: Alignment of emissions and land use
-- Purpose: a lag at which changes of ELUC follow changes of land use more closely than at lag 0
-- Units: correlation coefficients (1)
-- Caveat: ELUC[t] - ELUC[t-1] with the change of the forest loss, d[t] - d[t-1] where d[t] =
--   state[t+1] - state[t] of primf + secdf, over all cells and years; lag -1 takes d a year
--   earlier, +1 a year later; a lag fails when it is closer by more than 0.05
-- Source: BLUE ELUC, LUH2 states.nc
-- Needs: eluc, state
WITH both_sources AS NOT MATERIALIZED (
    SELECT s.cell_id, s."year", e.eluc, CAST(s.primf AS DOUBLE) + s.secdf AS forest
    FROM state AS s
    LEFT JOIN eluc AS e ON e.cell_id = s.cell_id AND e."year" = s."year"
),

series AS NOT MATERIALIZED (
    SELECT
        "year",
        eluc - lag(eluc) OVER in_time AS eluc_change,
        lag("year") OVER in_time = "year" - 1 AS is_next,
        lag("year", 2) OVER in_time = "year" - 2 AS is_late,
        lead("year") OVER in_time = "year" + 1 AS has_next,
        lead("year", 2) OVER in_time = "year" + 2 AS has_two,
        lag(forest, 2) OVER in_time AS before_2,
        lag(forest) OVER in_time AS before_1,
        forest,
        lead(forest) OVER in_time AS after_1,
        lead(forest, 2) OVER in_time AS after_2
    FROM both_sources
    WINDOW in_time AS (PARTITION BY cell_id ORDER BY "year")
),

changes AS NOT MATERIALIZED (
    SELECT
        eluc_change,
        CASE WHEN is_late THEN -(forest - 2 * before_1 + before_2) END AS loss_before,
        CASE WHEN has_next THEN -(after_1 - 2 * forest + before_1) END AS loss_same,
        CASE WHEN has_two THEN -(after_2 - 2 * after_1 + forest) END AS loss_after
    FROM series
    WHERE is_next AND eluc_change IS NOT NULL
),

correlated AS (
    SELECT
        count(*) AS counted,
        corr(eluc_change, loss_before) AS lag_before,
        corr(eluc_change, loss_same) AS lag_same,
        corr(eluc_change, loss_after) AS lag_after
    FROM changes
),

finite AS (
    SELECT
        counted,
        CASE WHEN isfinite(lag_before) THEN lag_before END AS lag_before,
        CASE WHEN isfinite(lag_same) THEN lag_same END AS lag_same,
        CASE WHEN isfinite(lag_after) THEN lag_after END AS lag_after
    FROM correlated
)
{% if figures %}
SELECT
    counted,
    coalesce(greatest(abs(lag_before), abs(lag_after)) <= abs(lag_same) + 0.05, TRUE) AS holds,
    lag_before AS "lag -1",
    lag_same AS "lag 0",
    lag_after AS "lag +1"
FROM finite;
{% else %}
SELECT
    'lag -1' AS variable,
    CAST(NULL AS INTEGER) AS cell_id,
    CAST(NULL AS SMALLINT) AS "year",
    lag_before AS "value",
    lag_same AS expected,
    'closer than at lag 0: are the years of one file off by one?' AS note
FROM finite
WHERE abs(lag_before) > abs(lag_same) + 0.05
UNION ALL
SELECT
    'lag +1',
    NULL,
    NULL,
    lag_after,
    lag_same,
    'closer than at lag 0: are the years of one file off by one?'
FROM finite
WHERE abs(lag_after) > abs(lag_same) + 0.05;
{% endif %}
