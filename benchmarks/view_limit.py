"""Read 200 rows of a view: python -m benchmarks.view_limit DATABASE VIEW; prints seconds."""

from __future__ import annotations

import sys
import time

import duckdb


def main(database: str, view: str) -> None:
    """Print the seconds of the first answer, the connection not counted."""
    con = duckdb.connect(database, read_only=True)
    started = time.perf_counter()
    rows = len(con.execute(f'SELECT * FROM "{view}" LIMIT 200').fetchall())
    seconds = time.perf_counter() - started
    if rows == 0:
        sys.exit(f"{view} is empty")
    print(seconds)  # noqa: T201  # the answer


if __name__ == "__main__":
    main(*sys.argv[1:])
