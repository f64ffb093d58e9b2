-- Title: Global emissions by year
-- Purpose: {% if product.is_committed %}committed{% else %}net{% endif %} emissions from land-use
--   change of all stored cells, one row a year
-- Units: Pg C yr-1
-- Caveat: {% if product.obstacle is none %}the Global Carbon Budget gives the land-use emissions an
--   uncertainty of 0.7 Pg C a year (one standard deviation), and BLUE is one of several bookkeeping
--   models; its published totals include peat, the grid probably does not;
--   {% elif not product.is_committed %}the Global Carbon Budget gives land-use emissions an
--   uncertainty of 0.7 Pg C a year (one standard deviation), which this model alone does not show;
--   {% endif %}all stored cells count, including those that the land mask calls sea{% if box %}; they are those of the
--   window {{ box | comment }} (west, south, east, north), not of the globe{% endif %}
-- Source: {{ titles.eluc | comment }}
-- Needs: eluc_total
CREATE OR REPLACE VIEW eluc_global AS
SELECT
    "year",
    make_date("year", 1, 1) AS "date"
{%- for one in emissions %},
    {{ (one.measure ~ "_mtc") | identifier }} / 1e3 AS {{ (one.measure ~ "_pgc") | identifier }}
{%- endfor %}

FROM meta.eluc_total
WHERE layer IS NULL
ORDER BY "year";
