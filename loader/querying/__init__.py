"""Ask a finished database, read-only: named queries, files of SQL, SQL text; how others open it.

>>> from loader.querying.run import ask  # doctest: +SKIP
>>> ask("luc-data/luc.duckdb", "london_series", {"latitude": 52.4}).to_pandas()  # doctest: +SKIP
"""
