-- Title: Fill the land use by year and country
-- Purpose: sums the land uses over all stored cells; cells without a country are one group
-- Units: million hectares (Mha)
-- Caveat: run once, after loading
-- Source: state, cell
-- Needs: state_total, cell, land_use
INSERT INTO state_total
SELECT
    t."year",
    t.country_code,
    n.country_iso3,
    CASE WHEN t.country_code IS NULL THEN 'Unassigned' ELSE n.country END AS country
{%- for name in uses %},
    t.{{ (name ~ "_mha") | identifier }}
{%- endfor %}

FROM (
    SELECT
        s."year",
        c.country_code
{%- for name in uses %},
        sum(s.{{ name | identifier }} * c.area_ha) / 1e6 AS {{ (name ~ "_mha") | identifier }}
{%- endfor %}

    FROM land_use AS s
    INNER JOIN cell AS c ON c.cell_id = s.cell_id
    GROUP BY s."year", c.country_code
) AS t
LEFT JOIN (
    SELECT DISTINCT country_code, country_iso3, country
    FROM cell
    WHERE country_code IS NOT NULL
) AS n ON n.country_code = t.country_code
ORDER BY t."year", t.country_code NULLS LAST;
