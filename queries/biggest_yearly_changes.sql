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
            COLUMNS(lambda name: name = getvariable('chosen_product')) AS eluc,
            primf_diff AS primf,
            primn_diff AS primn,
            secdf_diff AS secdf,
            secdn_diff AS secdn,
            urban_diff AS urban,
            c3ann_diff AS c3ann,
            c4ann_diff AS c4ann,
            c3per_diff AS c3per,
            c4per_diff AS c4per,
            c3nfx_diff AS c3nfx,
            pastr_diff AS pastr,
            range_diff AS "range"
        FROM luc
        WHERE cell_id = cell_at(getvariable('chosen_latitude'), getvariable('chosen_longitude'))
    )
    ON primf, primn, secdf, secdn, urban, c3ann, c4ann, c3per, c4per, c3nfx, pastr, "range"
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
