-- Title: The merged table described
-- Purpose: count, mean, standard deviation, minimum, quartiles and maximum of every variable of the
--   merged table, as the notebook's describe() prints them
-- Units: ELUC t C ha-1 yr-1; land uses fractions of the cell (1)
-- Caveat: over the stored rows, each counted once whatever its area; the notebook's mean of ELUC
--   also counts the cells of the sea, which are 0 in the file and not stored here; exact quartiles
--   of every year of a full grid take minutes; emissions are those of the first product unless
--   product is set (-p product=committed, or SET VARIABLE in DuckDB with a column of eluc)
-- Source: the notebook's describe(); pandas' definitions (n - 1, linear quartiles)
-- Needs: eluc_state
SET VARIABLE chosen_product = coalesce(lower(getvariable('product')), 'eluc');

WITH described AS (
    UNPIVOT (
        SELECT
            COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_product')]) AS "ELUC",
            COLUMNS('^(primf|primn|secdf|secdn|urban|c3ann|c4ann|c3per|c4per|c3nfx|pastr|range|pltns)$')
        FROM eluc_state
    )
    ON COLUMNS(*)
    INTO NAME variable VALUE amount
)
SELECT
    variable,
    count(*) AS "count",
    round(avg(amount), 6) AS mean,
    round(stddev_samp(amount), 6) AS std,
    round(min(amount)::DOUBLE, 6) AS "min",
    round(quantile_cont(amount::DOUBLE, 0.25), 6) AS "25%",
    round(quantile_cont(amount::DOUBLE, 0.5), 6) AS "50%",
    round(quantile_cont(amount::DOUBLE, 0.75), 6) AS "75%",
    round(max(amount)::DOUBLE, 6) AS "max"
FROM described
GROUP BY variable
ORDER BY
    list_position(
        ['ELUC', 'primf', 'primn', 'secdf', 'secdn', 'urban', 'c3ann', 'c4ann', 'c3per', 'c4per',
            'c3nfx', 'pastr', 'range', 'pltns'],
        variable
    );
