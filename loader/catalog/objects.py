"""Create the tables, views and macros of a database from the files of sql/, and document them.

There are two steps: `create_tables` before loading, and `create_views`, which depends on the loaded
years, after it. Both work on the connection's current database (`USE db` for an attached file).
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from loader.catalog.comments import comment_on, document_columns, object_kind
from loader.catalog.context import SchemaContext
from loader.catalog.execute import execute_sql
from loader.catalog.objectfiles import object_files
from loader.catalog.sqlfiles import SqlFile, creation_order, read_files, render, statement
from loader.grid import TOLERANCE_DEG, Grid
from loader.schema import SERIES, SOURCES, SUMS, schema_of

__all__ = [
    "SchemaContext",
    "YearBlock",
    "as_path",
    "as_pattern",
    "create_parquet_views",
    "create_tables",
    "create_views",
    "drop_series",
    "drop_views",
    "fill_stored",
    "name_folder",
    "year_blocks",
]

_BLOCK_YEARS = 32
"""Years that a view joins at a time: a hash table of 0.7 GB at 0.25 degrees. With blocks of 16
years, one cell of eluc_state takes twice as long, of luc 1.3 times, and all years the same."""

_SORTED_YEARS = 8
"""Number of years sorted at a time when a view is stored: 2 million rows, a third of a GB."""

_MAX_BLOCKS = 24
"""Largest number of blocks in a view: each costs a few milliseconds of planning."""

_ROUNDING_DEG = 1e-9
"""Degrees; much smaller than any cell, much larger than the rounding of a coordinate."""

_CO2_PER_C = 3.664
"""Mass of carbon dioxide that holds a unit mass of carbon (Friedlingstein et al. 2022, Table 1)."""


@dataclass(frozen=True)
class YearBlock:
    """A range of years that a view joins at a time; the first and last block are open-ended.

    Attributes
    ----------
    first, stop : int or None
        The years from `first` up to, not including, `stop`.
    before : int or None
        The latest loaded year before `first`.
    """

    first: int | None = None
    stop: int | None = None
    before: int | None = None


def year_blocks(years: Sequence[int], loaded: Sequence[int] = ()) -> tuple[YearBlock, ...]:
    """Cut ascending years into at most `_MAX_BLOCKS` blocks of `_BLOCK_YEARS` or a multiple.

    Parameters
    ----------
    years : sequence of int
        The years in which the view can have rows.
    loaded : sequence of int, optional
        All of a joined table: where it begins more than a block before `years`, the first block is
        not open, because joining the rows before it would give nothing.
    """
    length = _BLOCK_YEARS * max(1, math.ceil(len(years) / (_BLOCK_YEARS * _MAX_BLOCKS)))
    cuts = range(length, len(years), length)
    begins_late = bool(years) and sum(year < years[0] for year in loaded) > length
    firsts = [years[0] if begins_late else None, *(years[cut] for cut in cuts)]
    befores = [None, *(years[cut - 1] for cut in cuts)]
    return tuple(map(YearBlock, firsts, [*firsts[1:], None], befores))


def _change_years(eluc: Sequence[int], state: Sequence[int]) -> list[int]:
    """Return the years with emissions, a state, and a state of the next year."""
    states = set(state)
    return [year for year in eluc if {year, year + 1} <= states]


def create_tables(
    con: duckdb.DuckDBPyConnection, context: SchemaContext, viewed: Collection[str] = ()
) -> None:
    """Create every table, empty, in the connection's current database.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Open for writing; the tables must not exist.
    context : SchemaContext
        The columns of the gridded tables.

    Raises
    ------
    DatabaseError
        If DuckDB fails.
    """
    values = _context_values(context)
    execute_sql(con, statement("create_meta"), "meta")
    tables = _present("sql/tables", context)
    for name in creation_order(tables):
        if name in viewed:
            continue
        execute_sql(con, render(tables[name], values), name)


def _present(folder: str, context: SchemaContext) -> dict[str, SqlFile]:
    """Read the files of a folder, except those that need a table whose source was not loaded."""
    kinds = ("tables", "views", "macros")
    needs = {n: file.needs for kind in kinds for n, file in object_files(f"sql/{kind}").items()}
    absent = {
        source.table
        for source in SOURCES.values()
        if not source.default and source.table not in context.variables
    }
    if not context.has_series:
        absent |= SERIES

    def is_present(name: str) -> bool:
        return name not in absent and all(map(is_present, needs.get(name, ())))

    return {name: file for name, file in object_files(folder).items() if is_present(name)}


def create_parquet_views(
    con: duckdb.DuckDBPyConnection,
    context: SchemaContext,
    parts: Mapping[str, Sequence[str]],
    folder: Path,
) -> None:
    """Create views with the names and columns of the tables over the parts of a Parquet dataset."""
    name_folder(con, folder)
    for table, names in parts.items():
        values = {"table": table, "variables": context.columns[table], "parts": names}
        execute_sql(con, statement("create_parquet_view", values), table)


def name_folder(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Let the views read the parts below `folder`."""
    file = read_files("sql/parquet")["parquet_folder"]
    sql = render(file, {"folder": as_pattern(str(folder))})
    execute_sql(con, sql, file.name)
    comment_on(con, "MACRO", file.name, sql)


def as_pattern(path: str) -> str:
    """Escape a path so that DuckDB, which treats it as a pattern, matches this path only."""
    return re.sub(r"[*?\[]", lambda found: f"[{found[0]}]", path)


def as_path(pattern: str) -> str:
    """Return the path that `as_pattern` wrote."""
    return re.sub(r"\[([*?\[])\]", r"\1", pattern)


def drop_views(con: duckdb.DuckDBPyConnection, context: SchemaContext) -> None:
    """Drop all views, macros and descriptions of columns: the inverse of `create_views`."""
    for kind, folder in (("VIEW", "views"), ("MACRO", "macros")):
        for file in _present(f"sql/{folder}", context).values():
            values = {"kind": object_kind(kind, file.text), "name": file.name}
            if file.name in context.materialized:
                execute_sql(con, statement("drop_stored", {"name": file.name}), file.name)
            else:
                execute_sql(con, statement("drop_object", values), file.name)
    execute_sql(con, statement("delete_rows", {"table": "data_dictionary"}), "data_dictionary")


def drop_series(con: duckdb.DuckDBPyConnection) -> None:
    """Drop the tables of series, once no view reads them."""
    for name in sorted(SERIES):
        values = {"schema": schema_of(name), "name": name}
        execute_sql(con, statement("drop_table", values), name)


def create_views(
    con: duckdb.DuckDBPyConnection, context: SchemaContext, viewed: Collection[str] = ()
) -> None:
    """Create views and macros, comment on everything, fill `data_dictionary`.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Open for writing; its current database has the loaded tables.
    context : SchemaContext
        The same as for `create_tables`.

    Raises
    ------
    DatabaseError
        If DuckDB fails.
    """
    tables, views, macros = (
        _present(f"sql/{kind}", context) for kind in ("tables", "views", "macros")
    )
    objects = views | macros
    values = _template_values(con, context)
    rendered = {name: render(file, values) for name, file in (tables | objects).items()}
    # 1. Views before those that read them.
    for name in creation_order(objects):
        if name in context.materialized:
            _create_stored(con, name, rendered[name])
        else:
            execute_sql(con, rendered[name], name)
    # 2. Comments. A stored view has two objects: the table, and the view in meta that fills it.
    for kind, files in (("TABLE", tables), ("VIEW", views), ("MACRO", macros)):
        for name in files:
            actual = "VIEW" if name in viewed else kind
            if name in context.materialized:
                comment_on(con, "VIEW", name, rendered[name], "meta")
                actual = "TABLE"
            comment_on(con, actual, name, rendered[name])
    document_columns(con, context, tables | views)


def _create_stored(con: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    """Create an empty table with the columns of a view, and the view itself in the schema meta."""
    head = "CREATE OR REPLACE VIEW "
    assert f"{head}{name} AS" in sql
    execute_sql(con, sql.replace(f"{head}{name} AS", f"{head}meta.{name} AS"), f"meta.{name}")
    execute_sql(con, statement("create_stored", {"name": name}), name)


def fill_stored(con: duckdb.DuckDBPyConnection, context: SchemaContext) -> None:
    """Fill the tables that replace views, some years at a time, in the order of the tables.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Open for writing; its current database has the loaded tables and the views.
    context : SchemaContext
        The same as for `create_tables`.

    Raises
    ------
    DatabaseError
        If DuckDB fails.
    """
    spans = _year_spans(con, _SORTED_YEARS)
    for name in context.materialized:
        for span in spans:
            execute_sql(con, statement("fill_stored", {"name": name} | span), name)


def _year_spans(con: duckdb.DuckDBPyConnection, length: int) -> list[dict[str, object]]:
    """Return the first and the last of every `length` loaded years, in their order."""
    years = [int(row[0]) for row in execute_sql(con, statement("list_years"), "year")]
    blocks = (years[start : start + length] for start in range(0, len(years), length))
    return [{"first": block[0], "last": block[-1]} for block in blocks]


def _context_values(context: SchemaContext) -> dict[str, object]:
    """Return the variables that every file of sql/ may use."""
    land_uses = context.land_uses
    state_columns = {variable.column.lower() for variable in context.columns["state"]}
    return {
        "variables": context.columns,
        "fractions": land_uses.fractions,
        "totals": SUMS,
        # A variable of the file with the name of a sum keeps its name.
        "totals_of_state": {
            name: parts for name, parts in SUMS.items() if name not in state_columns
        },
        "uses": land_uses.uses,
        "moves": land_uses.moves,
        "moving": land_uses.moving,
        "titles": context.titles,
        "product": context.product,
        "emissions": context.emissions,
        "box": context.box,
        "has_series": context.has_series,
        "co2_per_c": _CO2_PER_C,
        "grid": context.grid,
    }


def _template_values(con: duckdb.DuckDBPyConnection, context: SchemaContext) -> dict[str, object]:
    loaded = execute_sql(con, statement("list_years"), "year")
    eluc = [int(year) for year, has_eluc, _ in loaded if has_eluc]
    state = [int(year) for year, _, has_state in loaded if has_state]
    grid = context.grid
    east = grid.west + (grid.n_lon - 1) * grid.step_lon
    # The longitude between the last and the first column: the date line, or the middle of the gap
    # that a regional grid leaves.
    cut = -180.0 if grid.is_global else (east + grid.west - 360) / 2
    # Only if the date line is inside a cell are the two ends of the columns neighbours.
    wraps_west = grid.is_global and grid.west - grid.step_lon / 2 > TOLERANCE_DEG - 180
    wraps_east = grid.is_global and east + grid.step_lon / 2 < 180 - TOLERANCE_DEG
    return _context_values(context) | {
        "blocks": {
            "eluc": year_blocks(eluc),
            "state": year_blocks(state),
            "luc": year_blocks(_change_years(eluc, state), state),
            "either": year_blocks(sorted({*eluc, *state})),
        },
        "eluc_alone": not set(eluc) <= set(state),
        "cut": cut,
        "reach": _reach(grid, east),
        "first_column": -1 if wraps_west else 0,
        "last_column": grid.n_lon - (1 if wraps_east else 2),
    }


def _reach(grid: Grid, east: float) -> dict[str, float]:
    """Return the limits of places: half a cell plus one cell beyond the outermost centres."""
    lat, lon = (1.5 * step + _ROUNDING_DEG for step in (grid.step_lat, grid.step_lon))
    south = grid.north - (grid.n_lat - 1) * grid.step_lat
    return {
        "south": max(-90.0, south - lat),
        "north": min(90.0, grid.north + lat),
        "west": grid.west - lon,
        "east": east + lon,
    }
