"""Compare two databases: sources, grid, years, rows and values."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import duckdb

from loader.comparing.report import (
    ColumnDiff,
    Compared,
    DiffReport,
    SourceDiff,
    TableDiff,
    YearDiff,
)
from loader.errors import SourceError
from loader.lanes import run_interruptibly
from loader.options import parse_size
from loader.querying.session import database_path, open_two
from loader.schema import SOURCES
from loader.storing.database import run_statement
from loader.storing.origin import read_origin

if TYPE_CHECKING:
    import os

__all__ = ["diff"]

_YEARS_AT_ONCE = 4
"""Years joined at a time: a hash table of a third of a GB at 0.25 degrees."""

_MEMORY = 2**30
_WORST_YEARS = 5
_KEYS = ("cell_id", "year")


@dataclass(frozen=True)
class _Content:
    """Rows and digest of each year of a table."""

    rows: dict[int, int]
    digests: dict[int, str]


def diff(
    a: str | os.PathLike[str],
    b: str | os.PathLike[str],
    *,
    workers: int | None = None,
    memory_limit: str | int | None = None,
) -> DiffReport:
    """Compare two databases that luc-load built.

    Years whose recorded digests are equal are not read again: `check` proves the digests. All
    others are compared value by value; a missing value equals a missing value only.

    Parameters
    ----------
    a, b : path
        The files, or their folders.
    workers : int, optional
        Threads of DuckDB; one per core by default.
    memory_limit : str or int, optional
        Memory of DuckDB, such as "1GiB", the default.

    Returns
    -------
    DiffReport
        `same` is True if grid and values are equal; prints as `luc-load diff` does.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    SourceError
        If luc-load did not build one, or its tables are views of Parquet files.
    DatabaseError
        If one cannot be opened.
    UsageError
        If the memory limit is not a valid size.

    Examples
    --------
    >>> import loader
    >>> loader.diff("demo", "demo").same
    True
    """
    paths = [database_path(one) for one in (a, b)]
    memory = _MEMORY if memory_limit is None else parse_size(memory_limit)
    origins = [read_origin(path) for path in paths]
    for path, origin in zip(paths, origins, strict=True):
        if origin.status != "complete":
            raise SourceError(str(path), "is incomplete; run luc-load build again")
        if origin.record["options"].get("tables", "stored") != "stored":
            raise SourceError(
                str(path),
                "its tables are views of Parquet files; diff compares stored tables: build it with "
                "--tables stored",
            )
    compared = [
        Compared(str(path), origin.build_id, origin.luc_load_version)
        for path, origin in zip(paths, origins, strict=True)
    ]
    reports: list[DiffReport] = []
    with closing(open_two(paths[0], paths[1], workers, memory)) as con:

        def compare() -> None:
            reports.append(_compare(con, compared))

        run_interruptibly(compare, con.interrupt)
    return reports[0]


def _compare(con: duckdb.DuckDBPyConnection, compared: list[Compared]) -> DiffReport:
    ((only_a, only_b, both, renumbered),) = run_statement(con, "diff_cells")
    columns: dict[str, dict[str, list[str]]] = {"a": {}, "b": {}}
    for database, table, column in run_statement(con, "diff_columns"):
        columns[database].setdefault(table, []).append(column)
    is_other_grid = bool(only_a or only_b or renumbered)
    compare = partial(_compare_table, con, columns, is_other_grid=is_other_grid)
    tables = [
        compare(source.table)
        for source in SOURCES.values()
        if source.table in columns["a"] or source.table in columns["b"]
    ]
    return DiffReport(
        compared[0],
        compared[1],
        _compare_sources(con),
        only_a,
        only_b,
        both,
        tuple(table for table in tables if table.rows_a or table.rows_b),
    )


def _compare_sources(con: duckdb.DuckDBPyConnection) -> tuple[SourceDiff, ...]:
    """Return the files of both databases; the digest decides which are the same."""
    rows = {name: run_statement(con, "diff_sources", {"database": name}) for name in ("a", "b")}
    known = Counter((row[0], row[2]) for row in rows["b"] if row[2])
    sources, seen = [], Counter[Any]()
    for row in rows["a"]:
        key = row[0], row[2]
        is_same = seen[key] < known[key]
        seen[key] += is_same
        sources.append(_source(row, "same" if is_same else "only in A"))
    for row in rows["b"]:
        key = row[0], row[2]
        if seen[key]:
            seen[key] -= 1
        else:
            sources.append(_source(row, "only in B"))
    return tuple(sorted(sources, key=lambda one: (one.name, one.status != "same")))


def _source(row: tuple[Any, ...], status: str) -> SourceDiff:
    name, path, _, title, first, last = row
    return SourceDiff(str(name), status, str(path), str(title or ""), (first, last))


def _compare_table(
    con: duckdb.DuckDBPyConnection,
    columns: dict[str, dict[str, list[str]]],
    table: str,
    *,
    is_other_grid: bool,
) -> TableDiff:
    own = {name: columns[name].get(table, []) for name in ("a", "b")}
    content = {name: _content(con, name, table) for name in ("a", "b")}
    years = {name: set(one.rows) for name, one in content.items()}
    both = sorted(years["a"] & years["b"])
    common = [name for name in own["a"] if name in own["b"] and name not in _KEYS]
    is_alike = own["a"] == own["b"] and not is_other_grid
    digests = [content[name].digests for name in ("a", "b")]
    other = [year for year in both if not is_alike or digests[0][year] != digests[1][year]]
    summary = TableDiff(
        name=table,
        rows_a=sum(content["a"].rows.values()),
        rows_b=sum(content["b"].rows.values()),
        years_only_a=tuple(sorted(years["a"] - years["b"])),
        years_only_b=tuple(sorted(years["b"] - years["a"])),
        columns_only_a=tuple(name for name in own["a"] if name not in own["b"]),
        columns_only_b=tuple(name for name in own["b"] if name not in own["a"]),
        years=len(both),
        equal_years=len(both) - len(other),
    )
    return _compare_years(con, summary, common, other, is_other_grid=is_other_grid)


def _content(con: duckdb.DuckDBPyConnection, database: str, table: str) -> _Content:
    rows = run_statement(con, "diff_content", {"database": database})
    own = [
        (int(year), int(count), str(digest)) for name, year, count, digest in rows if name == table
    ]
    return _Content({y: count for y, count, _ in own}, {y: digest for y, _, digest in own})


def _compare_years(
    con: duckdb.DuckDBPyConnection,
    summary: TableDiff,
    columns: list[str],
    years: list[int],
    *,
    is_other_grid: bool,
) -> TableDiff:
    """Compare the rows of some years, a few at a time."""
    found = {name: ColumnDiff(name, 0, 0) for name in columns}
    only_a = only_b = rows_both = equal = 0
    worst: list[YearDiff] = []
    for start in range(0, len(years), _YEARS_AT_ONCE):
        chosen = years[start : start + _YEARS_AT_ONCE]
        values: dict[str, object] = {"table": summary.name, "columns": columns, "years": chosen}
        values |= {"first": chosen[0], "last": chosen[-1], "renumbered": is_other_grid}
        for year, alone_a, alone_b, both, *rest in run_statement(con, "diff_rows", values):
            only_a, only_b, rows_both = only_a + alone_a, only_b + alone_b, rows_both + both
            triples = zip(columns, rest[0::3], rest[1::3], rest[2::3], strict=True)
            different = 0
            for name, count, missing, largest in triples:
                different += count
                found[name] = _added(found[name], int(year), count, missing, largest)
            if different:
                worst.append(YearDiff(int(year), different))
            equal += not (different or alone_a or alone_b)
    differing = sorted(
        (one for one in found.values() if one.different), key=lambda one: -one.different
    )
    return replace(
        summary,
        equal_years=summary.equal_years + equal,
        rows_only_a=only_a,
        rows_only_b=only_b,
        rows_both=rows_both,
        columns=tuple(_placed(con, summary.name, one) for one in differing),
        worst_years=tuple(sorted(worst, key=lambda one: -one.different)[:_WORST_YEARS]),
    )


def _added(
    known: ColumnDiff, year: int, count: int, missing: int, largest: dict[str, Any] | None
) -> ColumnDiff:
    """Add a year to the differences of a column."""
    added = replace(
        known,
        different=known.different + count,
        missing_in_one=known.missing_in_one + missing,
    )
    if largest is None or (known.largest is not None and largest["difference"] <= known.largest):
        return added
    return replace(
        added, largest=float(largest["difference"]), year=year, cell_id=-int(largest["cell"])
    )


def _placed(con: duckdb.DuckDBPyConnection, table: str, one: ColumnDiff) -> ColumnDiff:
    """Add the place and the two values of the largest difference."""
    if one.largest is None:
        return one
    values: dict[str, object] = {
        "table": table,
        "column": one.name,
        "year": one.year,
        "cell_id": one.cell_id,
    }
    ((lat, lon, in_a, in_b),) = run_statement(con, "diff_value", values)
    return replace(one, latitude=lat, longitude=lon, value_a=in_a, value_b=in_b)
