-- How many columns the grid has, and the centres of its rows and columns. Longitudes from west to
-- east, which jump from 180 to -180 in a region across the date line.
SELECT
    (SELECT list(lat ORDER BY cell_id) FROM cell WHERE lon = (SELECT lon FROM cell WHERE cell_id = 0))
        AS latitude,
    (SELECT list(lon ORDER BY cell_id) FROM cell WHERE lat = (SELECT lat FROM cell WHERE cell_id = 0))
        AS longitude;
