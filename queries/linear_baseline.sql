-- Title: A linear model of emissions
-- Purpose: the emissions of a cell as a linear function of its land-use change of the year, fitted by
--   least squares on the training rows of split_by_year and scored on its test rows: the baseline
--   that a better model has to beat
-- Units: coefficients t C ha-1 yr-1 for the whole cell turning from secondary non-forest land into
--   the land use, the intercept t C ha-1 yr-1; mae t C ha-1 yr-1; r2 and rows 1
-- Caveat: SET VARIABLE first_test_year first for another split than the last 15 years of luc, or the
--   later half of fewer than 30; the 12 changes add up to 0, so secdn, the reference, is left out; a
--   land use that never changes, or only as others together do, gets the coefficient 0; every row
--   counts the same, large cell or small; the ordinary ELUC also holds the legacy of earlier
--   changes, which no change of the year explains; r2 is relative to the mean of the rows scored
-- Source: split_by_year; ordinary least squares by the normal equations, Gauss-Jordan elimination
-- Needs: year, luc, split_by_year
SET VARIABLE chosen_first_test_year = coalesce(
    getvariable('first_test_year'),
    (
        SELECT greatest(max(t."year") - 14, (min(t."year") + max(t."year") + 1) // 2)
        FROM "year" AS t
        INNER JOIN "year" AS n ON n."year" = t."year" + 1
        WHERE t.has_eluc AND t.has_state AND n.has_state
    ),
    1
);

WITH
example AS NOT MATERIALIZED (
    SELECT
        split,
        1e0 AS intercept,
        CAST(primf_diff AS DOUBLE) AS primf,
        CAST(primn_diff AS DOUBLE) AS primn,
        CAST(secdf_diff AS DOUBLE) AS secdf,
        CAST(urban_diff AS DOUBLE) AS urban,
        CAST(c3ann_diff AS DOUBLE) AS c3ann,
        CAST(c4ann_diff AS DOUBLE) AS c4ann,
        CAST(c3per_diff AS DOUBLE) AS c3per,
        CAST(c4per_diff AS DOUBLE) AS c4per,
        CAST(c3nfx_diff AS DOUBLE) AS c3nfx,
        CAST(pastr_diff AS DOUBLE) AS pastr,
        CAST(range_diff AS DOUBLE) AS "range",
        CAST(eluc AS DOUBLE) AS eluc
    FROM split_by_year(getvariable('chosen_first_test_year'))
    WHERE primf_diff + primn_diff + secdf_diff + urban_diff + c3ann_diff + c4ann_diff + c3per_diff
        + c4per_diff + c3nfx_diff + pastr_diff + range_diff + eluc IS NOT NULL
),

-- the normal equations: sums of the products of any two columns, in one pass
product AS (
    SELECT
        sum(COLUMNS(* EXCLUDE (split)) * intercept) AS "intercept:\0",
        sum(COLUMNS(* EXCLUDE (split)) * primf) AS "primf:\0",
        sum(COLUMNS(* EXCLUDE (split)) * primn) AS "primn:\0",
        sum(COLUMNS(* EXCLUDE (split)) * secdf) AS "secdf:\0",
        sum(COLUMNS(* EXCLUDE (split)) * urban) AS "urban:\0",
        sum(COLUMNS(* EXCLUDE (split)) * c3ann) AS "c3ann:\0",
        sum(COLUMNS(* EXCLUDE (split)) * c4ann) AS "c4ann:\0",
        sum(COLUMNS(* EXCLUDE (split)) * c3per) AS "c3per:\0",
        sum(COLUMNS(* EXCLUDE (split)) * c4per) AS "c4per:\0",
        sum(COLUMNS(* EXCLUDE (split)) * c3nfx) AS "c3nfx:\0",
        sum(COLUMNS(* EXCLUDE (split)) * pastr) AS "pastr:\0",
        sum(COLUMNS(* EXCLUDE (split)) * "range") AS "range:\0"
    FROM example
    WHERE split = 'train'
),

entry AS (
    SELECT
        list_position(
            ['intercept', 'primf', 'primn', 'secdf', 'urban', 'c3ann', 'c4ann', 'c3per', 'c4per',
                'c3nfx', 'pastr', 'range'],
            split_part(pair, ':', 1)
        ) AS i,
        split_part(pair, ':', 1) AS term,
        split_part(pair, ':', 2) AS other,
        total
    FROM (UNPIVOT product ON COLUMNS(*) INTO NAME pair VALUE total)
),

-- Gauss-Jordan elimination, a term a step; a term whose diagonal has gone to 0, because it never
-- changes or follows from the terms before it, is stepped over
elimination AS (
    WITH RECURSIVE step AS (
        SELECT
            0 AS k,
            e.i,
            e.term,
            e.other,
            d.i AS j,
            s.total AS scale,
            e.total AS v,
            FALSE AS used
        FROM entry AS e
        INNER JOIN entry AS s ON s.term = e.term AND s.other = e.term
        LEFT JOIN entry AS d ON d.term = e.other AND d.other = e.other
        UNION ALL
        SELECT
            k + 1,
            i,
            term,
            other,
            j,
            scale,
            CASE
                WHEN diagonal IS NULL THEN v
                WHEN i = k + 1 THEN v / diagonal
                ELSE v - of_column * (of_row / diagonal)
            END,
            used OR (i = k + 1 AND diagonal IS NOT NULL)
        FROM (
            SELECT
                *,
                max(v) FILTER (j = k + 1) OVER (PARTITION BY i) AS of_column,
                max(v) FILTER (i = k + 1) OVER (PARTITION BY other) AS of_row,
                max(v) FILTER (i = k + 1 AND j = k + 1 AND v > 1e-9 * scale) OVER () AS diagonal
            FROM step
            WHERE k < 12
        ) AS next_term
    )
    SELECT
        i,
        term,
        CASE WHEN used THEN v ELSE 0 END AS coefficient
    FROM step
    WHERE k = 12 AND other = 'eluc'
),

model AS MATERIALIZED (
    SELECT list(coefficient ORDER BY i) AS b
    FROM elimination
),

-- the second pass: every row beside what the model says
scored AS (
    SELECT
        split,
        count(*) AS n,
        sum((eluc - fitted) * (eluc - fitted)) AS squares,
        var_pop(eluc) * count(*) AS squares_of_mean,
        avg(abs(eluc - fitted)) AS mae
    FROM (
        SELECT
            split,
            eluc,
            b[1] + b[2] * primf + b[3] * primn + b[4] * secdf + b[5] * urban + b[6] * c3ann
                + b[7] * c4ann + b[8] * c3per + b[9] * c4per + b[10] * c3nfx + b[11] * pastr
                + b[12] * "range" AS fitted
        FROM example
        CROSS JOIN model
    ) AS fit
    GROUP BY split
)
SELECT
    part,
    name,
    round(value, 6) AS value
FROM (
    SELECT 1 AS place, i, 'coefficient' AS part, term AS name, coefficient AS value
    FROM elimination
    UNION ALL
    SELECT 2, 1, split, 'rows', n FROM scored
    UNION ALL
    SELECT 2, 2, split, 'r2', 1 - squares / nullif(squares_of_mean, 0) FROM scored
    UNION ALL
    SELECT 2, 3, split, 'mae', mae FROM scored
) AS answer
ORDER BY place, part DESC, i;
