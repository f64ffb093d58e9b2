"""xarray-sql's own route: register the datasets with DuckDB, then CREATE TABLE AS SELECT.

Chunks of one year are those of the files. Only land rows are kept; emissions of 0 are left out
(the file has 0 over the sea), which favours this route: luc-load keeps the zeros of land.
"""

from __future__ import annotations

import duckdb
import xarray_sql as xql  # type: ignore[import-not-found]

from benchmarks.contestants.slabs import arguments, open_years
from benchmarks.names import STATE


def main() -> None:
    """Fill a new database."""
    given = arguments("xarray-sql to DuckDB", "out")
    con = duckdb.connect(given.out)
    # Measured: faster than two threads here, which wait for the one reader and fill blocks badly.
    con.execute("SET threads = 1")
    for table, path, names, wanted in (
        ("state", given.states, STATE, "primf IS NOT NULL"),
        ("eluc", given.eluc, ["ELUC"], "ELUC <> 0"),
    ):
        dataset = open_years(path, given.years)[names]
        xql.register(con, f"{table}_source", dataset, chunks={"year": 1})
        con.execute(f"CREATE TABLE {table} AS SELECT * FROM {table}_source WHERE {wanted}")
    con.close()


if __name__ == "__main__":
    main()
