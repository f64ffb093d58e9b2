-- Title: Fill a table that replaces a view
-- Purpose: adds the rows of the years from first to last
-- Units: none
-- Caveat: in bands of 1024 neighbouring cells, by year and cell within a band, like the tables
-- Source: luc-load build --materialize
-- Needs: none
INSERT INTO {{ name | identifier }}
SELECT *
FROM meta.{{ name | identifier }}
WHERE "year" BETWEEN {{ first | literal }} AND {{ last | literal }}
ORDER BY cell_id // 1024, "year", cell_id;
