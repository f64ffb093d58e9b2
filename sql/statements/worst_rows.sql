-- The bad rows that a check found, the worst first, with their place. What cannot be measured, such as
-- a missing value, comes first.
SELECT b.variable, b.cell_id, c.lat, c.lon, b."year", b."value", b.expected, b.note
FROM (
    {{ check }}
) AS b
LEFT JOIN (SELECT DISTINCT ON (cell_id) cell_id, lat, lon FROM cell) AS c
    ON c.cell_id = b.cell_id
ORDER BY abs(b."value" - b.expected) DESC NULLS FIRST, b."year", b.cell_id, b.variable
LIMIT {{ limit | literal }};
