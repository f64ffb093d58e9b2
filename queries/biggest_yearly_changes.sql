-- Title: Biggest yearly changes at a place
-- Purpose: the ten largest changes of any land use from one year to the next in one cell, with the
--   emissions of that year
-- Units: change fraction of the cell (1); eluc t C ha-1 yr-1
-- Caveat: the place is 52.875 N, 4.625 W unless latitude and longitude are set (-p, or SET
--   VARIABLE in DuckDB); a change happens during "year", between its 1 January and the next;
--   emissions are those of the first product unless product is set (-p product=committed, or SET
--   VARIABLE in DuckDB with a column of eluc)
-- Source: luc
-- Needs: luc, cell_at
SET VARIABLE chosen_latitude = coalesce(getvariable('latitude'), 52.875);
SET VARIABLE chosen_longitude = coalesce(getvariable('longitude'), -4.625);
SET VARIABLE chosen_product = coalesce(lower(getvariable('product')), 'eluc');

WITH change AS (
    UNPIVOT (
        SELECT
            "year",
            COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_product')]) AS eluc,
            COLUMNS('^(primf|primn|secdf|secdn|urban|c3ann|c4ann|c3per|c4per|c3nfx|pastr|range|pltns)_diff$') AS '\1'
        FROM luc
        WHERE cell_id = cell_at(getvariable('chosen_latitude'), getvariable('chosen_longitude'))
    )
    ON COLUMNS(* EXCLUDE ("year", eluc))
    INTO NAME land_use VALUE change
)
SELECT
    "year",
    land_use,
    round(change::DOUBLE, 4) AS change,
    round(eluc::DOUBLE, 4) AS eluc
FROM change
ORDER BY abs(change) DESC, "year", land_use
LIMIT 10;
