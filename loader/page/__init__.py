"""A report on a database: one HTML page without anything outside it.

`contents` reads what is in it, `page` draws the pictures and fills the template `report.html`.
"""
