-- Adds the rows of the years from first to last. In bands of 1024 neighbouring cells, by year and cell
-- within a band, like the tables.
INSERT INTO {{ name | identifier }}
SELECT *
FROM meta.{{ name | identifier }}
WHERE "year" BETWEEN {{ first | literal }} AND {{ last | literal }}
ORDER BY cell_id // 1024, "year", cell_id;
