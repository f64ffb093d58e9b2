-- Title: The merged table described
-- Purpose: count, mean, standard deviation, minimum, quartiles and maximum of every variable, as
--   the notebook's describe() prints them, over the stored rows and over every cell of the grid
-- Units: ELUC t C ha-1 yr-1; land uses fractions of the cell (1)
-- Caveat: the notebook counts every cell, sea too: LUH2 is missing there, which describe() skips, so
--   its numbers are the same either way, but ELUC is 0; exact quartiles of every year of a full
--   grid take a minute and 2 GB
-- Source: the notebook's describe(); pandas' definitions (n - 1, linear quartiles)
-- Needs: cell, eluc, state
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

-- the sea cells that are not stored, one 0 for each and every year
sea AS (
    SELECT CAST(0 AS REAL) AS eluc
    FROM
        (
            SELECT (SELECT count(*) FROM cell) * count(DISTINCT "year") - count(*) AS n
            FROM eluc
        ) AS missing,
        range(missing.n)
),

blue AS (
    SELECT
        1 AS place, 'stored rows' AS coverage, 'ELUC' AS variable, count(eluc) AS n,
        avg(eluc) AS mean, stddev_samp(eluc) AS std, min(eluc) AS lowest,
        quantile_cont(eluc, [0.25, 0.5, 0.75]) AS quartiles, max(eluc) AS highest
    FROM eluc
    UNION ALL
    SELECT
        2, 'every cell of the grid', 'ELUC', count(eluc), avg(eluc), stddev_samp(eluc), min(eluc),
        quantile_cont(eluc, [0.25, 0.5, 0.75]), max(eluc)
    FROM (
        SELECT eluc FROM eluc
        UNION ALL
        SELECT eluc FROM sea
    ) AS every_cell
),

described AS (
    SELECT 0 AS position, *
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
