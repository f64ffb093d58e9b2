-- Title: The cell at a place
-- Purpose: number and centre of the cell nearest to a latitude and longitude
-- Units: degrees north, degrees east
-- Caveat: no row where the place is none
-- Source: cell
-- Needs: cell, cell_at
SELECT cell_id, lat, lon
FROM cell
WHERE cell_id = cell_at({{ latitude | literal }}, {{ longitude | literal }});
