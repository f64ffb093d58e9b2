-- Title: Read which cells are wanted
-- Purpose: for every cell of the grid, in the order of cell_id, whether it is land or of one of
--   the countries given
-- Units: none
-- Caveat: a cell without a country is of none
-- Source: cell
-- Needs: cell
SELECT coalesce(
    TRUE
    {%- if land %}
    AND is_land
    {%- endif %}
    {%- if country_codes %}
    AND country_code IN (
    {%- for code in country_codes %}
        {{ code | literal }}{% if not loop.last %},{% endif %}
    {%- endfor %}

    )
    {%- endif %},
    FALSE
) AS wanted
FROM cell
ORDER BY cell_id;
