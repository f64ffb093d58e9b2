-- Title: Land use by region and year
-- Purpose: area of the {{ fractions | length | literal }} land uses, crop and forest in every region of every
--   layer; the row 'Outside' of each layer and year holds what is in no region, so that a layer
--   sums to state_global
-- Units: million hectares (Mha)
-- Caveat: a cell that a border or coast cuts counts for each region by cell_region.weight; regions
--   that overlap do not sum to the globe; forest is land that LUH2 classifies as potential
--   forest, not FAO forest
-- Source: {{ titles.state | comment }}; the files of the layers
-- Needs: state_total, region
CREATE OR REPLACE VIEW state_region AS
SELECT
    t.layer,
    t.region_id,
    r.code,
    coalesce(r."name", 'Outside') AS "name",
    t."year",
    make_date(t."year", 1, 1) AS "date"
{%- for name in uses %},
    t.{{ (name ~ "_mha") | identifier }}
{%- endfor %}

FROM meta.state_total AS t
LEFT JOIN region AS r ON r.region_id = t.region_id
WHERE t.layer IS NOT NULL;
