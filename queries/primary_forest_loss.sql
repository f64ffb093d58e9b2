-- Title: What primary forest became
-- Purpose: primary forest lost by decade: logged, and secondary forest from then on, or converted
--   to cropland, grazing land, urban land or other vegetation
-- Units: million hectares (Mha) over the decade's loaded years
-- Caveat: gross, from the transitions (luc-load build --transitions); a NULL counts as 0; logged
--   forest is still forest in LUH2, so only the conversions are deforestation
-- Source: transition: primf_harv and primf_to_X
-- Needs: cell, transition
SELECT
    t."year" // 10 * 10 AS decade,
    count(DISTINCT t."year") AS years,
    round(coalesce(sum(t.primf_harv * c.area_ha), 0) / 1e6, 2) AS logged_mha,
    round(sum((
        coalesce(t.primf_to_c3ann, 0) + coalesce(t.primf_to_c4ann, 0) + coalesce(t.primf_to_c3per, 0)
        + coalesce(t.primf_to_c4per, 0) + coalesce(t.primf_to_c3nfx, 0)
    ) * c.area_ha) / 1e6, 2) AS to_crop_mha,
    round(sum((coalesce(t.primf_to_pastr, 0) + coalesce(t.primf_to_range, 0)) * c.area_ha) / 1e6, 2)
        AS to_grazing_mha,
    round(coalesce(sum(t.primf_to_urban * c.area_ha), 0) / 1e6, 3) AS to_urban_mha,
    round(coalesce(sum(t.primf_to_secdn * c.area_ha), 0) / 1e6, 3) AS to_other_natural_mha
FROM transition AS t
INNER JOIN cell AS c ON c.cell_id = t.cell_id
GROUP BY decade
ORDER BY decade;
