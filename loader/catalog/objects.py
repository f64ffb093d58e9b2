"""Create the tables, views and macros of a database from the files of sql/, and document them.

There are two steps: `create_tables` before loading, and `create_views`, which depends on the loaded
years, after it. Both work on the connection's current database (`USE db` for an attached file).
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import duckdb

from loader.catalog.dictionary import Entry, column_entry, glossary, variable_entry
from loader.catalog.objectfiles import object_files
from loader.catalog.products import (
    EmissionColumn,
    EmissionProduct,
    ProductColumn,
    emission_columns,
)
from loader.catalog.sqlfiles import (
    SqlFile,
    creation_order,
    parse_header,
    read_files,
    render,
    statement,
)
from loader.duckdb_errors import translated
from loader.grid import TOLERANCE_DEG, Grid
from loader.landuses import LandUses, land_uses_of
from loader.schema import ELUC, SOURCES, SUMS, Variable, schema_of

__all__ = [
    "SchemaContext",
    "YearBlock",
    "as_path",
    "as_pattern",
    "create_parquet_views",
    "create_tables",
    "create_views",
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

_SCHEMA_TABLE = itemgetter(0, 1)

_ROUNDING_DEG = 1e-9
"""Degrees; much smaller than any cell, much larger than the rounding of a coordinate."""

_CO2_PER_C = 3.664
"""Mass of carbon dioxide that holds a unit mass of carbon (Friedlingstein et al. 2022, Table 1)."""


@dataclass(frozen=True)
class SchemaContext:
    """The variables with which the files of sql/ are rendered.

    Attributes
    ----------
    grid : Grid
        The grid of the build.
    variables : Mapping of str to tuple of Variable
        The variables loaded into each gridded table. `open_source` ensures that names are unique
        and not in `RESERVED`. If left out, eluc and state are empty and have those of `SOURCES`;
        transition, management and the objects that need them do not exist.
    sources : Mapping of str to str
        A short description of the source of each gridded table; the default is the title in
        `SOURCES`.
    product : EmissionProduct
        Which emissions the table eluc holds.
    materialized : tuple of str
        Views that are stored as tables; their definitions are views in the schema meta.
    further : tuple of ProductColumn
        The columns of eluc other than `eluc`.
    box : str
        The box that was loaded, as --bbox has it; "" for the whole grid of the files.
    """

    grid: Grid
    variables: Mapping[str, tuple[Variable, ...]] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    product: EmissionProduct = field(default_factory=EmissionProduct)
    materialized: tuple[str, ...] = ()
    further: tuple[ProductColumn, ...] = ()
    box: str = ""

    @cached_property
    def columns(self) -> dict[str, tuple[Variable, ...]]:
        """The variables of every gridded table."""
        known = {source.table: source.variables for source in SOURCES.values()}
        return known | dict(self.variables)

    @cached_property
    def land_uses(self) -> LandUses:
        """The land uses of the loaded files, and the moves between them."""
        state = (variable.column for variable in self.columns["state"])
        transition = (variable.column for variable in self.variables.get("transition", ()))
        return land_uses_of(state, transition)

    @cached_property
    def emissions(self) -> tuple[EmissionColumn, ...]:
        """The products of emissions, the first one first."""
        return emission_columns(one.column for one in self.further)

    @cached_property
    def titles(self) -> dict[str, str]:
        """The description of the source of every gridded table."""
        return {source.table: source.title for source in SOURCES.values()} | dict(self.sources)

    @cached_property
    def entries(self) -> dict[str, dict[str, Entry]]:
        """The meanings of the columns of every gridded table."""
        return {
            table: {v.column: self._entry(v, self.titles[table]) for v in variables}
            for table, variables in self.columns.items()
        }

    def _entry(self, variable: Variable, title: str) -> Entry:
        entry = variable_entry(variable, title)
        if variable.column == ELUC.column:
            return replace(entry, description=self.product.quantity)
        for one in self.further:
            if variable.column == one.column:
                source = f"{variable.name} of {one.title}"
                return replace(entry, description=one.quantity, source=source)
        return entry


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
    _execute(con, statement("create_meta"), "meta")
    tables = _present("sql/tables", context)
    for name in creation_order(tables):
        if name in viewed:
            continue
        _execute(con, render(tables[name], values), name)


def _present(folder: str, context: SchemaContext) -> dict[str, SqlFile]:
    """Read the files of a folder, except those that need a table whose source was not loaded."""
    kinds = ("tables", "views", "macros")
    needs = {n: file.needs for kind in kinds for n, file in object_files(f"sql/{kind}").items()}
    absent = {
        source.table
        for source in SOURCES.values()
        if not source.default and source.table not in context.variables
    }

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
        _execute(con, statement("create_parquet_view", values), table)


def name_folder(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Let the views read the parts below `folder`."""
    file = read_files("sql/parquet")["parquet_folder"]
    sql = render(file, {"folder": as_pattern(str(folder))})
    _execute(con, sql, file.name)
    _comment_on(con, "MACRO", file.name, sql)


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
            values = {"kind": _exact_kind(kind, file.text), "name": file.name}
            if file.name in context.materialized:
                _execute(con, statement("drop_stored", {"name": file.name}), file.name)
            else:
                _execute(con, statement("drop_object", values), file.name)
    _execute(con, statement("delete_rows", {"table": "data_dictionary"}), "data_dictionary")


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
            _execute(con, rendered[name], name)
    # 2. Comments. A stored view has two objects: the table, and the view in meta that fills it.
    for kind, files in (("TABLE", tables), ("VIEW", views), ("MACRO", macros)):
        for name in files:
            actual = "VIEW" if name in viewed else kind
            if name in context.materialized:
                _comment_on(con, "VIEW", name, rendered[name], "meta")
                actual = "TABLE"
            _comment_on(con, actual, name, rendered[name])
    _document_columns(con, context, tables | views)


def _create_stored(con: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    """Create an empty table with the columns of a view, and the view itself in the schema meta."""
    head = "CREATE OR REPLACE VIEW "
    assert f"{head}{name} AS" in sql
    _execute(con, sql.replace(f"{head}{name} AS", f"{head}meta.{name} AS"), f"meta.{name}")
    _execute(con, statement("create_stored", {"name": name}), name)


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
            _execute(con, statement("fill_stored", {"name": name} | span), name)


def _year_spans(con: duckdb.DuckDBPyConnection, length: int) -> list[dict[str, object]]:
    """Return the first and the last of every `length` loaded years, in their order."""
    years = [int(row[0]) for row in _execute(con, statement("list_years"), "year")]
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
        "co2_per_c": _CO2_PER_C,
        "grid": context.grid,
    }


def _template_values(con: duckdb.DuckDBPyConnection, context: SchemaContext) -> dict[str, object]:
    loaded = _execute(con, statement("list_years"), "year")
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


def _exact_kind(kind: str, sql: str) -> str:
    """Return the kind as COMMENT ON and DROP name it; `kind` is TABLE, VIEW or MACRO."""
    return "MACRO TABLE" if kind == "MACRO" and "AS TABLE" in sql else kind


def _comment_on(
    con: duckdb.DuckDBPyConnection, kind: str, name: str, sql: str, schema: str | None = None
) -> None:
    """Comment on an object with the header of the SQL that created it."""
    header = parse_header(sql, name)
    text = f"{header['Title']}: {header['Purpose']}. Units: {header['Units']}."
    text = f"{text} Caveat: {header['Caveat']}. Source: {header['Source']}."
    exact = _exact_kind(kind, sql)
    values = {"kind": exact, "schema": schema or schema_of(name), "name": name, "text": text}
    _execute(con, statement("comment_on", values), name)


def _document_columns(
    con: duckdb.DuckDBPyConnection, context: SchemaContext, files: Mapping[str, SqlFile]
) -> None:
    own = glossary()
    rows = []
    listed = _execute(con, statement("list_all_columns"), "data_dictionary")
    # All comments of a table at once: one call for each column took a tenth of a small build.
    for (schema, table), columns in groupby(sorted(listed, key=_SCHEMA_TABLE), _SCHEMA_TABLE):
        if table not in files:
            continue
        scopes = _scopes(table, files, context)
        comments = []
        for _, _, column, data_type in columns:
            entry = column_entry(table, column, scopes, own)
            comments.append({"name": column, "text": entry.comment})
            if schema == "main":
                described = (entry.unit, entry.description, entry.source)
                rows.append((table, column, data_type, *described))
        values = {"schema": schema, "table": table, "columns": comments}
        _execute(con, statement("comment_on_columns", values), table)
    lists = [list(values) for values in zip(*rows, strict=True)]
    _execute(con, statement("fill_data_dictionary"), "data_dictionary", lists)


def _scopes(
    table: str, files: Mapping[str, SqlFile], context: SchemaContext
) -> list[dict[str, Entry]]:
    """Return the variables that a table or view can have: its own or those of tables it reads."""
    reached, waiting = set[str](), [table]
    while waiting:
        name = waiting.pop()
        if name in files and name not in reached:
            reached.add(name)
            waiting.extend(files[name].needs)
    # ELUC first: its table has one fixed column, which a variable of the states cannot displace.
    gridded = [context.entries[name] for name in sorted(reached & set(context.entries))]
    if "variables[" in files[table].text:
        return gridded
    # A view that lists its columns has only these variables, even if a file has one named `date`.
    emissions = (one.column for one in context.emissions)
    picked = {*emissions, *context.land_uses.fractions}
    return [
        {column: entry for column, entry in entries.items() if column in picked}
        for entries in gridded
    ]


def _execute(
    con: duckdb.DuckDBPyConnection, sql: str, what: str, parameters: list[list[str]] | None = None
) -> list[tuple[str, ...]]:
    with translated(f"{what} could not be created"):
        return con.execute(sql, parameters).fetchall()
