"""Query a finished database, read-only: built-in queries, SQL files and SQL text.

>>> from loader.querying.run import ask  # doctest: +SKIP
>>> ask("luc-data/luc.duckdb", "london_series", {"latitude": 52.4}).to_pandas()  # doctest: +SKIP
"""
