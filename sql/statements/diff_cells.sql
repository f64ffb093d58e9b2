-- How many cells only one of two databases has, how many both have, and how many of these have
-- another cell_id. Cells are the same if their centres agree to about 1e-3 degree.
SELECT
    count(*) FILTER (WHERE y.cell_id IS NULL) AS only_a,
    count(*) FILTER (WHERE x.cell_id IS NULL) AS only_b,
    count(*) FILTER (WHERE x.cell_id IS NOT NULL AND y.cell_id IS NOT NULL) AS both_have,
    count(*) FILTER (WHERE x.cell_id <> y.cell_id) AS renumbered
FROM (
    SELECT cell_id, round(lat * 1e3) AS lat_key, round(lon * 1e3) AS lon_key
    FROM a.main.cell
) AS x
FULL JOIN (
    SELECT cell_id, round(lat * 1e3) AS lat_key, round(lon * 1e3) AS lon_key
    FROM b.main.cell
) AS y ON y.lat_key = x.lat_key AND y.lon_key = x.lon_key;
