-- Title: Years that repeat the year before
-- Purpose: years whose global totals all equal those of the year before: one year written twice
-- Units: Pg C yr-1; million hectares (Mha)
-- Caveat: of the whole Earth; in a region nothing may really change
-- Source: the stored totals; a published dataset once held 2012 twice
-- Needs: eluc_global, state_global
SELECT
    'eluc' AS variable,
    CAST(NULL AS INTEGER) AS cell_id,
    "year",
    emission_pgc AS "value",
    CAST(NULL AS DOUBLE) AS expected,
    'Pg C, as in the year before' AS note
FROM eluc_global
WHERE emission_pgc <> 0
QUALIFY emission_pgc = lag(emission_pgc) OVER (ORDER BY "year")
UNION ALL
SELECT 'state', NULL, "year", crop_mha, NULL, 'Mha of crop, and all others, as in the year before'
FROM state_global
WHERE crop_mha IS NOT NULL
QUALIFY TRUE
{%- for name in uses %}
    AND {{ (name ~ "_mha") | identifier }}
        = lag({{ (name ~ "_mha") | identifier }}) OVER (ORDER BY "year")
{%- endfor %};
