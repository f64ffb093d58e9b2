-- Title: Fill the global totals
-- Purpose: sums emissions and land use over all stored cells, year by year
-- Units: Pg C yr-1; million hectares (Mha)
-- Caveat: run once, after loading
-- Source: eluc, state, cell
-- Needs: year_total, cell, eluc, land_use
INSERT INTO year_total
SELECT *
FROM (
    SELECT e."year", sum(e.eluc * c.area_ha) / 1e9 AS emission_pgc
    FROM eluc AS e
    INNER JOIN cell AS c ON c.cell_id = e.cell_id
    GROUP BY e."year"
) AS e
FULL JOIN (
    SELECT
        s."year"
{%- for name in uses %},
        sum(s.{{ name | identifier }} * c.area_ha) / 1e6 AS {{ (name ~ "_mha") | identifier }}
{%- endfor %}

    FROM land_use AS s
    INNER JOIN cell AS c ON c.cell_id = s.cell_id
    GROUP BY s."year"
) AS s USING ("year")
ORDER BY "year";
