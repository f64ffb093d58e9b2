-- Title: The merged table described
-- Purpose: count, mean, standard deviation, minimum, quartiles and maximum of every variable, as
--   the notebook's describe() prints them, over the stored rows and over every cell of the grid
-- Units: ELUC t C ha-1 yr-1; land uses fractions of the cell (1)
-- Caveat: the notebook counts every cell, sea too: LUH2 is missing there, which describe() skips, so
--   its numbers are the same either way, but ELUC is 0; exact quartiles of every year of a full
--   grid take a while and 2 GB; means are over rows, as the notebook's: not weighted by area
-- Source: the notebook's describe(); pandas' definitions (n - 1, linear quartiles)
-- Needs: cell, eluc, state
SET VARIABLE chosen_sea = (
    SELECT (SELECT count(*) FROM cell) * count(DISTINCT "year") - count(*) FROM eluc
);

-- The quartiles over every cell lie between two ranks each. A rank is that of a stored value, or,
-- after the negative values and before the positive ones, of a 0.
SET VARIABLE chosen_ranks = (
    WITH counted AS (
        SELECT
            count(eluc) AS n,
            count_if(eluc < 0) AS negative,
            count_if(eluc > 0) AS positive,
            getvariable('chosen_sea') AS sea
        FROM eluc
    ),

    quartile AS (
        SELECT
            CAST(q.place AS INTEGER) AS place,
            n,
            negative,
            positive,
            sea,
            (n + sea - 1) * q.place / 4e0 AS position
        FROM counted
        CROSS JOIN range(1, 4) AS q (place)
    )
    SELECT list({
        'place': place,
        'lower_is_sea': floor(position) BETWEEN negative AND n + sea - positive - 1,
        'upper_is_sea': ceil(position) BETWEEN negative AND n + sea - positive - 1,
        'lower_share': (
            floor(position) + 0.5 - CASE WHEN floor(position) < negative THEN 0 ELSE sea END
        ) / n,
        'upper_share': (
            ceil(position) + 0.5 - CASE WHEN ceil(position) < negative THEN 0 ELSE sea END
        ) / n,
        'upper_weight': position - floor(position)
    } ORDER BY place)
    FROM quartile
    WHERE n > 0
);
SET VARIABLE chosen_shares = coalesce(
    [least(1, greatest(0, r.lower_share)) FOR r IN getvariable('chosen_ranks')]
    || [least(1, greatest(0, r.upper_share)) FOR r IN getvariable('chosen_ranks')],
    [0.5]
);

WITH
luh2 AS (
    SELECT
        'primf' AS variable, count(primf) AS n, avg(primf) AS mean, stddev_samp(primf) AS std,
        min(primf) AS lowest, quantile_cont(primf, [0.25, 0.5, 0.75]) AS quartiles,
        max(primf) AS highest
    FROM state
    UNION ALL
    SELECT
        'primn', count(primn), avg(primn), stddev_samp(primn), min(primn),
        quantile_cont(primn, [0.25, 0.5, 0.75]), max(primn)
    FROM state
    UNION ALL
    SELECT
        'secdf', count(secdf), avg(secdf), stddev_samp(secdf), min(secdf),
        quantile_cont(secdf, [0.25, 0.5, 0.75]), max(secdf)
    FROM state
    UNION ALL
    SELECT
        'secdn', count(secdn), avg(secdn), stddev_samp(secdn), min(secdn),
        quantile_cont(secdn, [0.25, 0.5, 0.75]), max(secdn)
    FROM state
    UNION ALL
    SELECT
        'urban', count(urban), avg(urban), stddev_samp(urban), min(urban),
        quantile_cont(urban, [0.25, 0.5, 0.75]), max(urban)
    FROM state
    UNION ALL
    SELECT
        'c3ann', count(c3ann), avg(c3ann), stddev_samp(c3ann), min(c3ann),
        quantile_cont(c3ann, [0.25, 0.5, 0.75]), max(c3ann)
    FROM state
    UNION ALL
    SELECT
        'c4ann', count(c4ann), avg(c4ann), stddev_samp(c4ann), min(c4ann),
        quantile_cont(c4ann, [0.25, 0.5, 0.75]), max(c4ann)
    FROM state
    UNION ALL
    SELECT
        'c3per', count(c3per), avg(c3per), stddev_samp(c3per), min(c3per),
        quantile_cont(c3per, [0.25, 0.5, 0.75]), max(c3per)
    FROM state
    UNION ALL
    SELECT
        'c4per', count(c4per), avg(c4per), stddev_samp(c4per), min(c4per),
        quantile_cont(c4per, [0.25, 0.5, 0.75]), max(c4per)
    FROM state
    UNION ALL
    SELECT
        'c3nfx', count(c3nfx), avg(c3nfx), stddev_samp(c3nfx), min(c3nfx),
        quantile_cont(c3nfx, [0.25, 0.5, 0.75]), max(c3nfx)
    FROM state
    UNION ALL
    SELECT
        'pastr', count(pastr), avg(pastr), stddev_samp(pastr), min(pastr),
        quantile_cont(pastr, [0.25, 0.5, 0.75]), max(pastr)
    FROM state
    UNION ALL
    SELECT
        'range', count("range"), avg("range"), stddev_samp("range"), min("range"),
        quantile_cont("range", [0.25, 0.5, 0.75]), max("range")
    FROM state
),

-- the sea cells that are not stored are 0 in the file: they move ranks, mean and deviation
blue AS (
    SELECT
        count(eluc) AS n,
        avg(eluc) AS mean,
        stddev_samp(eluc) AS std,
        var_pop(eluc) * count(eluc) AS squares,
        min(eluc) AS lowest,
        quantile_cont(eluc, [0.25, 0.5, 0.75]) AS quartiles,
        quantile_disc(eluc, getvariable('chosen_shares')) AS around,
        max(eluc) AS highest,
        CAST(getvariable('chosen_sea') AS DOUBLE) AS sea
    FROM eluc
),

described AS (
    SELECT
        0 AS position, 1 AS place, 'stored rows' AS coverage, 'ELUC' AS variable, n, mean, std,
        CAST(lowest AS DOUBLE) AS lowest, [CAST(q AS DOUBLE) FOR q IN quartiles] AS quartiles,
        CAST(highest AS DOUBLE) AS highest
    FROM blue
    UNION ALL
    SELECT
        0, 2, 'every cell of the grid', 'ELUC', CAST(n + sea AS BIGINT), mean * n / (n + sea),
        sqrt((squares + mean * mean * n * sea / (n + sea)) / nullif(n + sea - 1, 0)),
        CASE WHEN sea > 0 THEN least(lowest, 0) ELSE lowest END,
        [
            (1 - r.upper_weight) * CASE WHEN r.lower_is_sea THEN 0 ELSE around[r.place] END
            + r.upper_weight * CASE WHEN r.upper_is_sea THEN 0 ELSE around[r.place + 3] END
            FOR r IN getvariable('chosen_ranks')
        ],
        CASE WHEN sea > 0 THEN greatest(highest, 0) ELSE highest END
    FROM blue
    UNION ALL
    SELECT 1, coverage.place, coverage.name, luh2.*
    FROM luh2
    CROSS JOIN (
        VALUES (1, 'stored rows'), (2, 'every cell of the grid')
    ) AS coverage (place, name)
)
SELECT
    coverage,
    variable,
    n AS "count",
    round(mean, 6) AS mean,
    round(std, 6) AS std,
    round(lowest::DOUBLE, 6) AS "min",
    round(quartiles[1]::DOUBLE, 6) AS "25%",
    round(quartiles[2]::DOUBLE, 6) AS "50%",
    round(quartiles[3]::DOUBLE, 6) AS "75%",
    round(highest::DOUBLE, 6) AS "max"
FROM described
ORDER BY
    place,
    position,
    list_position(
        ['primf', 'primn', 'secdf', 'secdn', 'urban', 'c3ann', 'c4ann', 'c3per', 'c4per', 'c3nfx',
            'pastr', 'range'],
        variable
    );
