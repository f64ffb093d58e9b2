-- Title: Data quality
-- Purpose: one row a check: what was looked for and how many offences there are, 0 when all is well
-- Units: rows, years or cells, as the check says
-- Caveat: reads every year of every cell, which takes a while; a variable that never changes may be
--   a copied column without a time axis, whose differences would be published as data
-- Source: the faults of a published data set: a year twice, and a cell_area_diff
-- Needs: cell, year, eluc, state
SET VARIABLE chosen_last_cell = (SELECT CAST(coalesce(max(cell_id), 0) AS INTEGER) FROM cell);

-- A bit for each cell of a year counts the distinct ones at a tenth of the cost of count(DISTINCT).
WITH
state_year AS (
    SELECT
        "year",
        count(*) AS n,
        count_if(cell_id BETWEEN 0 AND getvariable('chosen_last_cell'))
            - coalesce(bit_count(
                bitstring_agg(cell_id, 0, getvariable('chosen_last_cell'))
                    FILTER (cell_id BETWEEN 0 AND getvariable('chosen_last_cell'))
            ), 0) AS doubled,
        count_if(
            least(primf, primn, secdf, secdn, urban, c3ann, c4ann, c3per, c4per, c3nfx, pastr,
                "range") < 0
            OR primf + primn + secdf + secdn + urban + c3ann + c4ann + c3per + c4per + c3nfx
                + pastr + "range" > 1.0001
        ) AS out_of_range,
        sum(c3ann) AS c3ann,
        sum(secdf) AS secdf,
        sum(pastr) AS pastr
    FROM state
    GROUP BY "year"
),

eluc_year AS (
    SELECT
        "year",
        count(*) AS n,
        count_if(cell_id BETWEEN 0 AND getvariable('chosen_last_cell'))
            - coalesce(bit_count(
                bitstring_agg(cell_id, 0, getvariable('chosen_last_cell'))
                    FILTER (cell_id BETWEEN 0 AND getvariable('chosen_last_cell'))
            ), 0) AS doubled,
        count_if(isnan(eluc) OR isinf(eluc)) AS not_finite,
        sum(eluc) AS eluc
    FROM eluc
    GROUP BY "year"
)
SELECT '01 rows of state that double a cell and year' AS "check", coalesce(sum(doubled), 0) AS found
FROM state_year
UNION ALL
SELECT '02 rows of eluc that double a cell and year', coalesce(sum(doubled), 0)
FROM eluc_year
UNION ALL
SELECT '03 years missing between the first and the last of state',
    coalesce(max("year") - min("year") + 1 - count(*), 0)
FROM state_year
UNION ALL
SELECT '04 years missing between the first and the last of eluc',
    coalesce(max("year") - min("year") + 1 - count(*), 0)
FROM eluc_year
UNION ALL
SELECT '05 years of state with fewer cells than the fullest year',
    count_if(n < (SELECT max(n) FROM state_year))
FROM state_year
UNION ALL
SELECT '06 years of eluc with fewer cells than the fullest year',
    count_if(n < (SELECT max(n) FROM eluc_year))
FROM eluc_year
UNION ALL
SELECT '07 rows of state with a negative fraction or a sum above 1', coalesce(sum(out_of_range), 0)
FROM state_year
UNION ALL
SELECT '08 rows of eluc that are NaN or infinite', coalesce(sum(not_finite), 0)
FROM eluc_year
UNION ALL
SELECT '09 years of state that repeat the year before in every total',
    count(*)
FROM (
    SELECT "year"
    FROM state_year
    WINDOW by_year AS (ORDER BY "year")
    QUALIFY c3ann = lag(c3ann) OVER by_year
        AND secdf = lag(secdf) OVER by_year
        AND pastr = lag(pastr) OVER by_year
)
UNION ALL
SELECT '10 years of eluc that repeat the year before in the total', count(*)
FROM (
    SELECT "year"
    FROM eluc_year
    QUALIFY eluc = lag(eluc) OVER (ORDER BY "year")
)
UNION ALL
SELECT '11 columns of differences of what has no time axis', count(*)
FROM duckdb_columns()
WHERE database_name = current_database()
    AND column_name IN ('cell_area_diff', 'area_ha_diff', 'lat_diff', 'lon_diff', 'is_land_diff')
UNION ALL
SELECT '12 cells of state or eluc that the table cell does not have', count(*)
FROM (
    SELECT cell_id FROM state
    UNION
    SELECT cell_id FROM eluc
) AS stored
ANTI JOIN cell AS c ON c.cell_id = stored.cell_id
UNION ALL
SELECT '13 years of state or eluc that the table year does not have', count(*)
FROM (
    SELECT "year" FROM state_year
    UNION
    SELECT "year" FROM eluc_year
) AS stored
ANTI JOIN "year" AS y ON y."year" = stored."year"
ORDER BY "check";
