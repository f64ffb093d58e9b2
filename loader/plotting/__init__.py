"""Pictures of a database: maps, changes between two years and series, as PNG or SVG.

`session` opens the database and knows its grid; `gridded` and `series` read what is shown and hold
data only. `colours`, `coast`, `globe`, `mapping` and `charts` draw it, `files` publishes the
picture, and `plot` puts it together.
"""
