-- Title: Training and test rows by region
-- Purpose: split_by_region(south, north, west, east) is the rows of luc on land with a column
--   split: 'test' where the centre of the cell is inside the region or on its border, 'train'
--   elsewhere
-- Units: degrees north, degrees east; columns as in luc
-- Caveat: the region goes eastwards from west to east, across the date line where needed: 170, -170
--   is 20 degrees wide, and 360 degrees or more are all longitudes; NULL, south above north or
--   latitudes outside -90..90 are an error; rows keep their NULLs; USE the database first when it
--   is attached
-- Source: {{ titles.eluc | comment }}; {{ titles.state | comment }}
-- Needs: luc

-- From the western border on, so that a region over the date line is one interval. At both borders
-- the same numbers are subtracted on both sides, so that a centre on a border is inside exactly.
{% set width %}(CAST(east AS DOUBLE) - CAST(west AS DOUBLE)){% endset %}
{% set from_west %}(lon - CAST(west AS DOUBLE)){% endset %}
CREATE OR REPLACE MACRO split_by_region(south, north, west, east) AS TABLE
SELECT
    *,
    CASE
        WHEN lat BETWEEN CAST(south AS DOUBLE) AND CAST(north AS DOUBLE)
            AND (
                {{ width }} >= 360
                OR {{ from_west }} - 360e0 * floor({{ from_west }} / 360e0)
                    <= {{ width }} - 360e0 * floor({{ width }} / 360e0)
            )
            THEN 'test'
        ELSE 'train'
    END AS split
FROM luc
WHERE is_land
    AND CASE
        WHEN CAST(south AS DOUBLE) BETWEEN -90 AND CAST(north AS DOUBLE)
            AND CAST(north AS DOUBLE) <= 90
            AND isfinite(CAST(west AS DOUBLE)) AND isfinite(CAST(east AS DOUBLE))
            THEN TRUE
        ELSE error(
            'split_by_region: expected south <= north within -90..90 and finite longitudes west, east'
        )
    END;
