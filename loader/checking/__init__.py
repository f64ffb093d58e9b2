"""Check that the numbers of a finished database are complete and agree with each other.

>>> from loader.checking.check import check_database  # doctest: +SKIP
>>> check_database("luc-data").holds  # doctest: +SKIP
True
"""
