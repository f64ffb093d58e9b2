-- For every cell of the grid, in the order of cell_id, whether it is land or in one of the regions in
-- the parameters. A cell that a border or coast cuts is in every region that has a part of it.
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
