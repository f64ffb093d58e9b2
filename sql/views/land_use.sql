-- Title: Land uses, crop and forest
-- Purpose: the {{ fractions | length | literal }} land-use fractions of state with two sums: crop
--   of the five crops, forest of primf and secdf
-- Units: fractions of the cell (1)
-- Caveat: crop and forest are NULL where any summand is NULL; forest is land that LUH2 classifies
--   as potential forest, young regrowth included, not FAO forest; summed as DOUBLE in the order
--   listed, stored as REAL
-- Source: {{ titles.state | comment }}
-- Needs: state

{% import "sums.jinja" as sums %}
CREATE OR REPLACE VIEW land_use AS
SELECT
    cell_id,
    "year"
{%- for name in fractions %},
    {{ name | identifier }}
{%- endfor %}
{%- for name, parts in totals.items() %},
    {{ sums.total("state", parts) }} AS {{ name | identifier }}
{%- endfor %}

FROM state;
