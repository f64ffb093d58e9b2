-- Title: Countries by forest loss
-- Purpose: the 25 countries that lost most forest between two years, with the change of their
--   primary forest, cropland and grazing land
-- Units: million hectares (Mha), changes between the two 1 Januaries; share of the forest (1)
-- Caveat: the years are the first and the last with states unless first_year and last_year are set
--   (-p, or SET VARIABLE in DuckDB); forest is primf + secdf, land that LUH2 classifies as
--   potential forest, not FAO forest, so wood harvest reduces primary forest but not forest;
--   borders are those of today, drawn by Natural Earth; Unassigned is what is in no country
-- Source: state_country
-- Needs: year, state_country
SET VARIABLE chosen_last_year = coalesce(
    getvariable('last_year'), (SELECT max("year") FROM "year" WHERE has_state)
);
SET VARIABLE chosen_first_year = coalesce(
    getvariable('first_year'), (SELECT min("year") FROM "year" WHERE has_state)
);

SELECT
    n.country,
    n.country_iso3,
    round(s.forest_mha, 2) AS forest_mha,
    round(n.forest_mha - s.forest_mha, 3) AS forest_change_mha,
    round((n.forest_mha - s.forest_mha) / nullif(s.forest_mha, 0), 4) AS forest_change_share,
    round(n.primf_mha - s.primf_mha, 3) AS primary_change_mha,
    round(n.crop_mha - s.crop_mha, 3) AS crop_change_mha,
    round(n.pastr_mha + n.range_mha - s.pastr_mha - s.range_mha, 3) AS grazing_change_mha
FROM state_country AS n
INNER JOIN state_country AS s ON s.country = n.country
WHERE s."year" = CAST(getvariable('chosen_first_year') AS SMALLINT)
    AND n."year" = CAST(getvariable('chosen_last_year') AS SMALLINT)
    AND n.forest_mha IS NOT NULL
    AND s.forest_mha IS NOT NULL
ORDER BY n.forest_mha - s.forest_mha, n.country
LIMIT 25;
