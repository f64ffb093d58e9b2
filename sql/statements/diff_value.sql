-- The value of a column in a cell and year in both databases, and the place of the cell. cell_id is
-- that of the first database.
SELECT
    c.lat,
    c.lon,
    (
        SELECT t.{{ column | identifier }}
        FROM a.main.{{ table | identifier }} AS t
        WHERE t.cell_id = c.cell_id AND t."year" = {{ year | literal }}
    ) AS in_a,
    (
        SELECT t.{{ column | identifier }}
        FROM b.main.{{ table | identifier }} AS t
        INNER JOIN b.main.cell AS o ON o.cell_id = t.cell_id
        WHERE t."year" = {{ year | literal }}
            AND round(o.lat * 1e3) = round(c.lat * 1e3)
            AND round(o.lon * 1e3) = round(c.lon * 1e3)
    ) AS in_b
FROM a.main.cell AS c
WHERE c.cell_id = {{ cell_id | literal }};
