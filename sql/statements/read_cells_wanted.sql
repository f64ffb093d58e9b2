-- Title: Read which cells are selected
-- Purpose: for every cell of the grid, in the order of cell_id, whether it is land or of one of
--   the countries in the parameters
-- Units: none
-- Caveat: a cell that a border or coast cuts is of every country that has a part of it
-- Source: cell, cell_region
-- Needs: cell, cell_region, region
SELECT coalesce(
    TRUE
    {%- if land %}
    AND is_land
    {%- endif %}
    {%- if country_codes %}
    AND cell_id IN (
        SELECT m.cell_id
        FROM cell_region AS m
        INNER JOIN region AS r ON r.region_id = m.region_id
        WHERE r.layer = 'country' AND r.country_code IN (
{%- for code in country_codes %}
            {{ code | literal }}{% if not loop.last %},{% endif %}
{%- endfor %}

        )
    )
    {%- endif %},
    FALSE
) AS wanted
FROM cell
ORDER BY cell_id;
