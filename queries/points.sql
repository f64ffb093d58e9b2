-- Title: Many places over the years
-- Purpose: emissions and land use of the cells nearest to places, which keep their order
-- Units: degrees; distance_km km; eluc t C ha-1 yr-1; emission_tc t C yr-1; land uses fractions of
--   the cell (1)
-- Caveat: the places are London and Nairobi unless points is set (luc-load query points --points
--   FILE, or SET VARIABLE in DuckDB), a list of structs of name, latitude and longitude; a place
--   whose cell has no land use is given the nearest cell with land use if within_km is set and the
--   centre of that cell is within so many kilometres; a place without data has one row without
--   values; land use is that of 1 January, emissions are those of the whole year; emissions are
--   those of the first product unless product is set (-p product=committed, or SET VARIABLE in
--   DuckDB with a column of eluc)
-- Source: eluc, land_use
-- Needs: year, cell, cell_at, eluc, land_use
SET VARIABLE chosen_points = CAST(coalesce(
    getvariable('points'),
    [
        {'name': 'London', 'latitude': 51.507, 'longitude': -0.127},
        {'name': 'Nairobi', 'latitude': -1.286, 'longitude': 36.817}
    ]
) AS STRUCT("name" VARCHAR, latitude DOUBLE, longitude DOUBLE)[]);
SET VARIABLE chosen_first_year = coalesce(getvariable('first_year'), (SELECT min("year") FROM "year"));
SET VARIABLE chosen_last_year = coalesce(getvariable('last_year'), (SELECT max("year") FROM "year"));
SET VARIABLE chosen_product = coalesce(lower(getvariable('product')), 'eluc');

WITH place AS (
    SELECT
        number,
        point['name'] AS "name",
        point['latitude'] AS latitude,
        point['longitude'] AS longitude,
        cell_at(point['latitude'], point['longitude']) AS cell_id
    FROM (
        SELECT
            unnest(getvariable('chosen_points')) AS point,
            generate_subscripts(getvariable('chosen_points'), 1) AS number
    )
),

-- Cells with land use; with emissions where no land use is loaded.
filled AS (
    SELECT cell_id, lat, lon
    FROM cell
    WHERE has_state
    UNION ALL
    SELECT c.cell_id, c.lat, c.lon
    FROM cell AS c
    INNER JOIN eluc AS e ON e.cell_id = c.cell_id
    WHERE e."year" = (SELECT min("year") FROM "year" WHERE has_eluc)
        AND NOT (SELECT bool_or(has_state) FROM "year")
),

-- A degree of latitude is 111.2 km: no cell farther north or south is within the distance.
substitute AS (
    SELECT
        p.number,
        f.cell_id,
        2 * 6371.0 * asin(sqrt(least(1,
            sin(radians(f.lat - p.latitude) / 2) ** 2
            + cos(radians(f.lat)) * cos(radians(p.latitude))
            * sin(radians(f.lon - p.longitude) / 2) ** 2
        ))) AS distance_km
    FROM place AS p
    INNER JOIN filled AS f
        ON f.lat BETWEEN p.latitude - getvariable('within_km')::DOUBLE / 111
            AND p.latitude + getvariable('within_km')::DOUBLE / 111
    WHERE p.cell_id IS NOT NULL
        AND p.cell_id NOT IN (SELECT cell_id FROM filled)
    QUALIFY distance_km <= getvariable('within_km')::DOUBLE
        AND row_number() OVER (PARTITION BY p.number ORDER BY distance_km, f.cell_id) = 1
),

chosen AS (
    SELECT p.number, p."name", p.latitude, p.longitude, c.cell_id, c.lat, c.lon, c.area_ha
    FROM place AS p
    LEFT JOIN substitute AS s ON s.number = p.number
    LEFT JOIN cell AS c ON c.cell_id = coalesce(s.cell_id, p.cell_id)
),

emission AS (
    SELECT c.number, e."year", e.eluc
    FROM chosen AS c
    INNER JOIN (
        SELECT cell_id, "year", COLUMNS([name FOR name IN (*) IF name = getvariable('chosen_product')]) AS eluc
        FROM eluc
    ) AS e ON e.cell_id = c.cell_id
    WHERE e."year" BETWEEN CAST(getvariable('chosen_first_year') AS SMALLINT)
        AND CAST(getvariable('chosen_last_year') AS SMALLINT)
),

uses AS (
    SELECT c.number, u.*
    FROM chosen AS c
    INNER JOIN land_use AS u ON u.cell_id = c.cell_id
    WHERE u."year" BETWEEN CAST(getvariable('chosen_first_year') AS SMALLINT)
        AND CAST(getvariable('chosen_last_year') AS SMALLINT)
),

merged AS (
    SELECT
        coalesce(e.number, u.number) AS number,
        coalesce(e."year", u."year") AS "year",
        e.eluc,
        u.urban,
        u.crop,
        u.pastr,
        u."range",
        u.forest,
        u.primn + u.secdn AS other_natural
    FROM emission AS e
    FULL OUTER JOIN uses AS u ON u.number = e.number AND u."year" = e."year"
)
SELECT
    c."name",
    c.latitude,
    c.longitude,
    c.lat,
    c.lon,
    round(2 * 6371.0 * asin(sqrt(least(1,
        sin(radians(c.lat - c.latitude) / 2) ** 2
        + cos(radians(c.lat)) * cos(radians(c.latitude)) * sin(radians(c.lon - c.longitude) / 2) ** 2
    ))), 1) AS distance_km,
    m."year",
    round(m.eluc::DOUBLE, 4) AS eluc,
    round(m.eluc * c.area_ha) AS emission_tc,
    round(m.urban::DOUBLE, 4) AS urban,
    round(m.crop::DOUBLE, 4) AS crop,
    round(m.pastr::DOUBLE, 4) AS pastr,
    round(m."range"::DOUBLE, 4) AS "range",
    round(m.forest::DOUBLE, 4) AS forest,
    round(m.other_natural::DOUBLE, 4) AS other_natural
FROM chosen AS c
LEFT JOIN merged AS m ON m.number = c.number
ORDER BY c.number, m."year";
