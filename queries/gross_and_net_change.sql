-- Title: Gross and net land-use change
-- Purpose: the area whose land use changed according to the transitions (gross), and the area that
--   remains after gains and losses within a cell and year cancel (net), as the mean of each decade
-- Units: million hectares a year (Mha yr-1); ratio 1
-- Caveat: needs the transitions (luc-load build --transitions); wood harvest of primary land is
--   part of both, see harvested_mha; wood harvest of secondary land changes no land use and is part
--   of neither; the column years gives the number of loaded years
-- Source: transition, transition_net
-- Needs: cell, transition, transition_net
SET VARIABLE columns_of_transition = (SELECT list(column_name) FROM (DESCRIBE transition));
SET VARIABLE moves = [
    name FOR name IN getvariable('columns_of_transition')
    IF name LIKE '%@_to@_%' ESCAPE '@'
        OR name = 'primf_harv' AND NOT list_contains(getvariable('columns_of_transition'), 'primf_to_secdf')
        OR name = 'primn_harv' AND NOT list_contains(getvariable('columns_of_transition'), 'primn_to_secdn')
];

WITH
gross AS (
    SELECT
        decade,
        years,
        sum(area) AS area
    FROM (
        UNPIVOT (
            SELECT
                t."year" // 10 * 10 AS decade,
                count(DISTINCT t."year") AS years,
                sum(COLUMNS([name FOR name IN (*) IF list_contains(getvariable('moves'), name)]) * c.area_ha)
            FROM transition AS t
            INNER JOIN cell AS c ON c.cell_id = t.cell_id
            GROUP BY decade
        )
        ON COLUMNS(* EXCLUDE (decade, years)) INTO NAME move VALUE area
    )
    GROUP BY decade, years
),

net AS (
    SELECT
        t."year" // 10 * 10 AS decade,
        sum((
            abs(primf_net) + abs(primn_net) + abs(secdf_net) + abs(secdn_net) + abs(urban_net)
            + abs(c3ann_net) + abs(c4ann_net) + abs(c3per_net) + abs(c4per_net) + abs(c3nfx_net)
            + abs(pastr_net) + abs(range_net) + abs(coalesce(pltns_net, 0))
        ) / 2 * c.area_ha) AS area
    FROM (
        FROM transition_net
        -- Only LUH3 has plantations.
        UNION ALL BY NAME
        SELECT CAST(NULL AS DOUBLE) AS pltns_net
        WHERE FALSE
    ) AS t
    INNER JOIN cell AS c ON c.cell_id = t.cell_id
    GROUP BY decade
),

harvest AS (
    SELECT
        t."year" // 10 * 10 AS decade,
        sum((coalesce(t.primf_harv, 0) + coalesce(t.primn_harv, 0)) * c.area_ha) AS area
    FROM transition AS t
    INNER JOIN cell AS c ON c.cell_id = t.cell_id
    GROUP BY decade
)
SELECT
    g.decade,
    g.years,
    round(g.area / g.years / 1e6, 2) AS gross_mha,
    round(n.area / g.years / 1e6, 2) AS net_mha,
    round(h.area / g.years / 1e6, 2) AS harvested_mha,
    round(g.area / nullif(n.area, 0), 2) AS gross_per_net
FROM gross AS g
INNER JOIN net AS n ON n.decade = g.decade
INNER JOIN harvest AS h ON h.decade = g.decade
ORDER BY g.decade;
