"""Verify a stage by reading it back: after it is filled, and before a delayed publication."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from loader.errors import DatabaseError, OutputError
from loader.lanes import run_lanes
from loader.storing.contents import small_digest, year_digest
from loader.storing.database import connect_read_only, digest_of_table, read_table, run_statement
from loader.storing.dataset import SMALL_TABLES, complete_dataset
from loader.storing.digest import TableDigest
from loader.storing.parquet import read_part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import duckdb

    from loader.building.loading import TableLoad
    from loader.lanes import Turn
    from loader.options import Options
    from loader.storing.stage import Stage

__all__ = ["is_whole", "verify_stage"]


def is_whole(stage: Stage, options: Options) -> bool:
    """Return whether a complete stage still holds what was built.

    Days may pass between the end of a build and its publication.

    Parameters
    ----------
    stage : Stage
        A complete stage. Files that an interrupted exchange already moved out are not checked.
    options : Options
        Options of the build.

    Returns
    -------
    bool
    """
    record = stage.record() or {}
    try:
        # Parts first: a view database holds no rows to compare.
        rows = {str(table["name"]): int(table["rows"]) for table in record["tables"]}
        if stage.parquet.is_dir() and not _has_parts(stage, rows):
            return False
        if not stage.database.exists():
            return True
        with closing(
            connect_read_only(stage.database, options.workers, options.database_bytes)
        ) as con:
            return _has_tables(con, rows if options.tables == "stored" else {}) and (
                not stage.parquet.is_dir() or _has_small_tables(con, stage)
            )
    except (DatabaseError, OutputError, LookupError, TypeError, ValueError):
        return False


def _has_parts(stage: Stage, rows: dict[str, int]) -> bool:
    counts = dict.fromkeys(rows, 0)
    for name, part in stage.parts().items():
        digest = TableDigest.of(read_part(stage.named_part(name)))
        if (digest.rows_of_year, digest.content) != (part.rows_of_year, part.content):
            return False
        counts[name.partition("/")[0]] += digest.rows
    return counts == rows


def _has_tables(con: duckdb.DuckDBPyConnection, rows: dict[str, int]) -> bool:
    contents = {(row[0], row[1]): row[3] for row in run_statement(con, "read_contents")}
    for table, expected in rows.items():
        digest = digest_of_table(con, table)
        years = digest.content_of_year.items()
        if digest.rows != expected or any(
            contents[table, year] != year_digest(content) for year, content in years
        ):
            return False
    # Reading is a check too: DuckDB verifies the checksum of each block.
    return all(
        digest == small_digest(read_table(con, table))
        for (table, year), digest in contents.items()
        if year is None
    )


def _has_small_tables(con: duckdb.DuckDBPyConnection, stage: Stage) -> bool:
    return all(
        small_digest(read_part(stage.parquet / table / f"{table}.parquet"))
        == small_digest(read_table(con, table))
        for table in SMALL_TABLES
    )


def verify_stage(
    tables: Mapping[str, TableLoad],
    options: Options,
    stage: Stage,
    build_id: str,
    record: Mapping[str, Any],
) -> int:
    """Read the finished database back in parallel, and complete the Parquet dataset from it.

    Returns
    -------
    int
        Size of the files of the dataset other than the parts.

    Raises
    ------
    DatabaseError
        If the database differs from what was read from the sources.
    """
    # Lanes append to these two lists in any order: a digest does not depend on the order of rows.
    digests: list[tuple[str, TableDigest]] = []
    sizes: list[int] = []
    jobs: list[Callable[[Turn], None]] = []
    cursors: list[duckdb.DuckDBPyConnection] = []
    with closing(connect_read_only(stage.database, options.lanes, options.database_bytes)) as con:

        def read_back(
            table: TableLoad, years: tuple[int, int], cursor: duckdb.DuckDBPyConnection, _: Turn
        ) -> None:
            digests.append((table.name, digest_of_table(cursor, table.name, years)))

        def complete(cursor: duckdb.DuckDBPyConnection, _: Turn) -> None:
            sizes.append(complete_dataset(cursor, stage.parquet, build_id, record))

        def interrupt() -> None:
            for cursor in cursors:
                cursor.interrupt()

        # One job per range of years. Each has its own cursor, so that it can be interrupted.
        for table in tables.values():
            for years in _year_ranges(table):
                cursors.append(con.cursor())
                jobs.append(partial(read_back, table, years, cursors[-1]))
        cursors.append(con.cursor())
        run_lanes([partial(complete, cursors[-1]), *jobs], options.lanes, interrupt)
    for name, table in tables.items():
        total = TableDigest()
        for _, digest in (one for one in digests if one[0] == name):
            total.merge(digest)
        if total != table.digest:
            raise DatabaseError(
                f"table {name}: the database does not hold what was read; nothing was published. "
                "Run the same command again; if the error persists, try another version of DuckDB"
            )
    return sum(sizes)


def _year_ranges(table: TableLoad) -> list[tuple[int, int]]:
    """Return ranges of years, split between blocks, that together cover every possible year."""
    lasts = sorted({block.last_year for block in table.blocks})
    limits = np.iinfo(np.int16)
    ends = [*lasts[:-1], int(limits.max)]
    return list(zip([int(limits.min), *(last + 1 for last in lasts[:-1])], ends, strict=True))
