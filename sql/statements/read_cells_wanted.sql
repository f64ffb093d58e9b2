-- Title: Read which cells are wanted
-- Purpose: for every cell of the grid, in the order of cell_id, whether it is land or of a country
-- Units: none
-- Caveat: a cell without a country is of none
-- Source: cell
-- Needs: cell
SELECT coalesce(
    TRUE
    {%- if land %}
    AND is_land
    {%- endif %}
    {%- if country_code is not none %}
    AND country_code = {{ country_code | literal }}
    {%- endif %},
    FALSE
) AS wanted
FROM cell
ORDER BY cell_id;
