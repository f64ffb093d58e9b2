-- Title: Read which cells are selected
-- Purpose: for every cell of the grid, in the order of cell_id, whether it is land or in one of
--   the regions in the parameters
-- Units: none
-- Caveat: a cell that a border or coast cuts is in every region that has a part of it
-- Source: cell, cell_region
-- Needs: cell, cell_region
SELECT coalesce(
    TRUE
    {%- if land %}
    AND is_land
    {%- endif %}
    {%- if region_ids %}
    AND cell_id IN (
        SELECT cell_id
        FROM cell_region
        WHERE region_id IN (
{%- for number in region_ids %}
            {{ number | literal }}{% if not loop.last %},{% endif %}
{%- endfor %}

        )
    )
    {%- endif %},
    FALSE
) AS wanted
FROM cell
ORDER BY cell_id;
