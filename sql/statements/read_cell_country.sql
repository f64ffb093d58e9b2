-- For each cell of the grid, in the order of cell_id, the code of the country of today that has its
-- largest part; empty where no country with a code has one.
SELECT coalesce(largest.code, '') AS code
FROM cell
LEFT JOIN (
    SELECT m.cell_id, arg_max(r.code, m.share ORDER BY r.region_id) AS code
    FROM cell_region AS m
    INNER JOIN region AS r ON r.region_id = m.region_id
    WHERE r.layer = 'country' AND r.code IS NOT NULL
    GROUP BY m.cell_id
) AS largest ON largest.cell_id = cell.cell_id
ORDER BY cell.cell_id;
