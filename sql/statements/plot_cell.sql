-- Number and centre of the cell nearest to a latitude and longitude. No row where the place is none.
SELECT cell_id, lat, lon
FROM cell
WHERE cell_id = cell_at({{ latitude | literal }}, {{ longitude | literal }});
