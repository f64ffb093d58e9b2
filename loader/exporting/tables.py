"""Read rows to export: of a table or view by blocks of years, of a query in its own order."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from loader.catalog.sqlfiles import statement
from loader.errors import UsageError
from loader.grid import grid_from_coordinates
from loader.querying.questions import find_question
from loader.querying.run import read_batches, run
from loader.querying.session import translated
from loader.regions.layers import COUNTRY_LAYER
from loader.storing.database import column_metadata, run_statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb

    from loader.exporting.selection import Selection
    from loader.grid import Grid
    from loader.querying.questions import Value
    from loader.querying.regions import NamedRegion

__all__ = [
    "YEARS_AT_A_TIME",
    "Piece",
    "RowCount",
    "parse_columns",
    "query_pieces",
    "read_grid",
    "read_origin",
    "relation_columns",
    "table_pieces",
]

YEARS_AT_A_TIME = 4
"""Years whose rows are sorted at a time: 1.4 million rows of the merged table at 0.25 degrees."""

_ORDER = ("year", "cell_id", "country_code", "lat", "lon")
"""Columns by which rows are sorted, if a table has them."""


@dataclass(frozen=True)
class Piece:
    """Some of the rows.

    Attributes
    ----------
    rows : pyarrow.RecordBatch
    year : int or None
        The last year that they may have, if they are read by years.
    share : float or None
        Share of all years that is done after them.
    """

    rows: pa.RecordBatch
    year: int | None = None
    share: float | None = None


class RowCount:
    """Counts exported rows, and knows the ranges of their years and coordinates.

    Parameters
    ----------
    columns : mapping of str to str
        Columns by their names in the export.
    """

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.rows = 0
        named = {column: name for name, column in columns.items()}
        self._watched = {c: named[c] for c in ("year", "lat", "lon") if c in named}
        self._spans: dict[str, tuple[Any, Any]] = {}

    def add(self, rows: pa.RecordBatch) -> None:
        """Count rows."""
        self.rows += rows.num_rows
        for column, name in self._watched.items():
            values = rows.column(name)
            if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
                continue
            least, most = pc.min_max(values).as_py().values()
            if least is not None:
                low, high = self._spans.get(column, (least, most))
                self._spans[column] = (min(low, least), max(high, most))

    def span(self, column: str) -> tuple[Any, Any] | None:
        """Return the least and the greatest value of year, lat or lon; None without any."""
        return self._spans.get(column)


def parse_columns(text: str) -> dict[str, str]:
    """Parse columns separated by commas, each NAME or NEW_NAME=NAME.

    Returns
    -------
    dict of str to str
        The name of the column by its name in the export.

    Examples
    --------
    >>> parse_columns("time=year, lat, ELUC=eluc")
    {'time': 'year', 'lat': 'lat', 'ELUC': 'eluc'}

    Raises
    ------
    UsageError
        If a name is empty or is repeated.
    """
    columns: dict[str, str] = {}
    for part in text.split(","):
        new, equals, name = (piece.strip() for piece in part.partition("="))
        if not new or (equals and not name):
            expected = "expected NAME or NEW_NAME=NAME, separated by commas"
            raise UsageError(f"--columns is {text!r}; {expected}")
        if new in columns:
            raise UsageError(f"--columns names {new} twice")
        columns[new] = name or new
    return columns


def relation_columns(con: duckdb.DuckDBPyConnection, name: str) -> list[str] | None:
    """Return the columns of a table or view, or None if it does not exist."""
    columns = [column for table, column, _ in run_statement(con, "list_columns") if table == name]
    return columns or None


def table_pieces(
    con: duckdb.DuckDBPyConnection,
    table: str,
    has: Sequence[str],
    selection: Selection,
    columns: Mapping[str, str] | None = None,
    *,
    complete: bool = False,
) -> tuple[pa.Schema, Iterator[Piece]]:
    """Return the rows of a table or view, sorted by year and cell.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    table : str
    has : sequence of str
        Its columns.
    selection : Selection
    columns : mapping of str to str, optional
        Columns by their names in the export; all if not given.
    complete : bool
        Only rows in which none of these columns is NULL.

    Returns
    -------
    tuple of (pyarrow.Schema, iterator of Piece)
        Units and meanings are in the schema. At most `YEARS_AT_A_TIME` years are in memory.

    Raises
    ------
    UsageError
        If there is no such column, or the table cannot be cut as requested.
    DatabaseError
        If DuckDB fails.
    """
    chosen = dict(columns) if columns is not None else {name: name for name in has}
    for column in chosen.values():
        if column not in has:
            near = difflib.get_close_matches(column, has, n=3) or has
            problem = f"--columns names {column}, which {table} does not have"
            raise UsageError(f"{problem}; it has {', '.join(near)}")
    through_cells = _through_cells(table, has, selection)
    regions = _regions_of_table(con, table, has, selection)
    values = {
        "table": table,
        "columns": chosen,
        "complete": list(dict.fromkeys(chosen.values())) if complete else [],
        "order": [name for name in _ORDER if name in has],
        "by_year": "year" in has,
        "land": selection.land,
        "region_ids": [region.region_id for region in regions],
        "region_names": [region.name for region in regions],
        "regions_in": _regions_in(has),
        "box": selection.box,
        "through_cells": through_cells,
    }
    sql = statement("export_rows", values)
    selection.check_box(con)
    bounds = _year_bounds(con, table, has, selection)
    with translated(table):
        # No row is in the years 1 to 0: only the types of the columns are needed.
        nothing = [1, 0] if bounds is not None else []
        schema = read_batches(con, sql, nothing).schema
    described = _described(con, table, schema, chosen)
    return described, _pieces(con, table, sql, bounds, described)


def _through_cells(table: str, has: Sequence[str], selection: Selection) -> bool:
    """Return whether cells are selected by the table cell, not by columns of the table itself."""
    if not selection.takes_cells:
        return False
    if "cell_id" in has and table != "cell":
        by_cell = selection.land or selection.box is not None
        return by_cell or _regions_in(has) == "cell_region"
    wanted = {
        "--land": (selection.land, ("is_land",)),
        "--bbox": (selection.box is not None, ("lat", "lon")),
    }
    for option, (is_asked, needed) in wanted.items():
        if is_asked and not set(needed) <= set(has):
            raise UsageError(f"{option} chooses cells, and {table} has none")
    return False


def _regions_in(has: Sequence[str]) -> str | None:
    """Return the column of a table that has regions or countries, or the table cell_region."""
    if "region_id" in has:
        return "region_id"
    if "cell_id" in has:
        return "cell_region"
    return "country" if "country" in has else None


def _regions_of_table(
    con: duckdb.DuckDBPyConnection, table: str, has: Sequence[str], selection: Selection
) -> tuple[NamedRegion, ...]:
    """Return the selected regions, all of which the table can be cut to."""
    regions = selection.named_regions(con)
    if not regions:
        return ()
    option = "--region" if selection.regions else "--country"
    column = _regions_in(has)
    if column is None:
        raise UsageError(f"{option} chooses cells or regions, and {table} has neither")
    other = next((one.layer for one in regions if one.layer != COUNTRY_LAYER), None)
    if column == "country" and other is not None:
        raise UsageError(
            f"--region chooses regions of the layer {other}, and {table} has countries only; "
            "eluc_region and state_region have all layers"
        )
    return regions


def _year_bounds(
    con: duckdb.DuckDBPyConnection, table: str, has: Sequence[str], selection: Selection
) -> list[tuple[int, int]] | None:
    """Return the first and last year of each block, or None for a table without years."""
    if "year" not in has:
        if selection.years != (None, None):
            raise UsageError(f"--years chooses years, and {table} has none")
        return None
    loaded = [int(year) for year, *_ in run_statement(con, "list_years")]
    years = selection.chosen_years(loaded)
    firsts = range(0, len(years), YEARS_AT_A_TIME)
    return [(years[k], years[min(k + YEARS_AT_A_TIME, len(years)) - 1]) for k in firsts]


def _pieces(
    con: duckdb.DuckDBPyConnection,
    table: str,
    sql: str,
    bounds: list[tuple[int, int]] | None,
    schema: pa.Schema,
) -> Iterator[Piece]:
    with translated(table):
        if bounds is None:
            for rows in read_batches(con, sql):
                yield Piece(_with_schema(rows, schema))
            return
        for k, (first, last) in enumerate(bounds):
            for rows in read_batches(con, sql, [first, last]):
                yield Piece(_with_schema(rows, schema), last, (k + 1) / len(bounds))


def _with_schema(rows: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(rows.columns, schema=schema)


def _described(
    con: duckdb.DuckDBPyConnection, table: str, schema: pa.Schema, columns: Mapping[str, str]
) -> pa.Schema:
    """Return the schema with units and meanings of the columns."""
    meaning = column_metadata(con, table)
    return pa.schema([field.with_metadata(meaning.get(columns[field.name])) for field in schema])


def read_grid(con: duckdb.DuckDBPyConnection) -> Grid:
    """Return the grid of a database."""
    ((latitudes, longitudes),) = run_statement(con, "read_grid")
    return grid_from_coordinates(latitudes, longitudes, "the database")[0]


def read_origin(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return which build the rows come from, and whether they are synthetic.

    Parquet keeps it as metadata of the file.
    """
    build_id, _, built_at, version, *_, synthetic = run_statement(con, "read_build_row")[0]
    return {
        "luc_load_build": f"{build_id} of {built_at:%Y-%m-%dT%H:%M:%SZ}, luc-load {version}",
        "synthetic": "yes: not of the Earth" if synthetic else "no",
    }


def query_pieces(
    con: duckdb.DuckDBPyConnection, asked: str, parameters: Mapping[str, Value]
) -> tuple[pa.Schema, Iterator[Piece]]:
    """Return the rows of a built-in query, a file of SQL, or SQL text.

    Raises
    ------
    UsageError, SourceError
        If there is no such query, file or parameter.
    DatabaseError
        If DuckDB rejects it.
    """
    question = find_question(asked)
    batches = run(con, question, parameters)

    def pieces() -> Iterator[Piece]:
        with translated(question.name):
            for rows in batches:
                yield Piece(rows)

    return batches.schema, pieces()
