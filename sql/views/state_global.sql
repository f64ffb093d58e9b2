-- Title: Global land use by year
-- Purpose: area of the {{ fractions | length | literal }} land uses, crop and forest over all
--   stored cells, one row a year
-- Units: million hectares (Mha)
-- Caveat: all stored cells count, including those that the land mask calls sea; forest is land that
--   LUH2 classifies as potential forest, not FAO forest{% if box %}; the cells are those
--   of the window {{ box | comment }} (west, south, east, north), not of the globe{% endif %}
-- Source: {{ titles.state | comment }}
-- Needs: state_total
CREATE OR REPLACE VIEW state_global AS
SELECT
    "year",
    make_date("year", 1, 1) AS "date"
{%- for name in uses %},
    {{ (name ~ "_mha") | identifier }}
{%- endfor %}

FROM meta.state_total
WHERE layer IS NULL
ORDER BY "year";
