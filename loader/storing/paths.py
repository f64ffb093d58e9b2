"""The file names of an output and of the build in progress.

::

    OUT/luc.duckdb                        the published database
    OUT/parquet/TABLE/*.parquet           the published dataset
    OUT/parquet/build.json                which build it is
    OUT/parquet/datapackage.json          what the tables and columns are
    OUT/parquet/SHA256SUMS                the digests of all published files
    OUT/.luc-load/lock                    held by the running build
    OUT/.luc-load/uploads.json            uploads that are not complete
    OUT/.luc-load/stage/                  the unpublished build: see `Stage`
    OUT/.luc-load/stage/replaced/         the old dataset during the exchange
    OUT/.luc-load/discarded/              a stage that is being removed
"""

from __future__ import annotations

__all__ = ["DATABASE", "DISCARDED", "LOCK", "PARQUET", "PRIVATE", "REPLACED", "STAGE"]

DATABASE = "luc.duckdb"
PARQUET = "parquet"
PRIVATE = ".luc-load"
LOCK = "lock"
STAGE = "stage"
REPLACED = "replaced"
DISCARDED = "discarded"
