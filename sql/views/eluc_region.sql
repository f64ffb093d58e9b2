-- Title: Emissions by region and year
-- Purpose: {% if product.is_committed %}committed{% else %}net{% endif %} emissions from land-use
--   change of every region of every layer; the row 'Outside' of each layer and year holds what is
--   in no region, so that a layer sums to eluc_global
-- Units: Mt C yr-1
-- Caveat: a cell that a border or coast cuts counts for each region by cell_region.weight; regions
--   that overlap do not sum to the globe
-- Source: {{ titles.eluc | comment }}; the files of the layers
-- Needs: eluc_total, region
CREATE OR REPLACE VIEW eluc_region AS
SELECT
    t.layer,
    t.region_id,
    r.code,
    coalesce(r."name", 'Outside') AS "name",
    t."year",
    make_date(t."year", 1, 1) AS "date"
{%- for one in emissions %},
    t.{{ (one.measure ~ "_mtc") | identifier }}
{%- endfor %}

FROM meta.eluc_total AS t
LEFT JOIN region AS r ON r.region_id = t.region_id
WHERE t.layer IS NOT NULL;
