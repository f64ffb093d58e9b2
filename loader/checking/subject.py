"""The subject of a check: an open database and its description of itself."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from loader.catalog.products import EmissionColumn, describe_product, products_of
from loader.catalog.sqlfiles import read_files
from loader.checking.expected import Fact, read_catalog
from loader.errors import DatabaseError, SourceError
from loader.landuses import LandUses, land_uses_of
from loader.schema import MATERIALIZABLE, SOURCES, SUMS
from loader.storing.database import run_statement

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

__all__ = ["Limit", "Subject"]


@dataclass(frozen=True)
class Limit:
    """The range of a variable: 0 to 1 for a fraction, 0 and more for an amount."""

    table: str
    column: str
    is_fraction: bool


@dataclass(frozen=True)
class Subject:
    """A database that is checked.

    Attributes
    ----------
    con : duckdb.DuckDBPyConnection
        Open for reading; the database is current and attached as `luc`.
    path : pathlib.Path
    record : dict
        Of the build, as the table build has it.
    row : dict of str to object
        The other columns of the table build.
    build_rows : int
        How many rows that table has.
    facts : dict of Fact to (str or None)
        The definitions in the database.
    columns : dict of str to tuple of str
        Of every table and view.
    contents : dict of (str, int or None) to (int, str)
        Rows and digest that a table and year must have.
    sources : tuple of dict
        By name: title, path, digest and whether it is synthetic.
    n_cells : int
        Of the whole grid.
    is_global : bool
        Whether the grid covers the Earth.
    parquet : str or None
        The address of the dataset, where the user named it.
    untrusted : dict of str to str
        Objects that are not luc-load's, and why; no check runs them. Filled by the check of the
        catalog, which is the first.
    unproven : dict of str to str
        Views and macros whose definition cannot be compared, and why; no check runs them either.
        Filled likewise.
    hiding : set of str
        Macros with the name of a function of DuckDB, which any statement may call.
    stopped : threading.Event
        Set when the user interrupts.
    late : threading.Event
        Set when the running check has taken too long.
    """

    con: duckdb.DuckDBPyConnection
    path: Path
    record: dict[str, Any]
    row: dict[str, object]
    build_rows: int
    facts: dict[Fact, str | None]
    columns: dict[str, tuple[str, ...]]
    contents: dict[tuple[str, int | None], tuple[int, str]]
    sources: tuple[dict[str, Any], ...]
    n_cells: int
    is_global: bool
    parquet: str | None = None
    untrusted: dict[str, str] = field(default_factory=dict)
    unproven: dict[str, str] = field(default_factory=dict)
    hiding: set[str] = field(default_factory=set)
    stopped: threading.Event = field(default_factory=threading.Event)
    late: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(cls, con: duckdb.DuckDBPyConnection, path: Path, parquet: str | None = None) -> Subject:
        """Read a database's description of itself; none of its definitions is run.

        Parameters
        ----------
        con : duckdb.DuckDBPyConnection
        path : pathlib.Path
        parquet : str, optional
            The address of the dataset, where the user named it.

        Raises
        ------
        SourceError
            If it was not made by luc-load, or by an older version that stored no digests.
        """
        outside = con.cursor()
        facts = read_catalog(outside, "luc")
        _reject_views(path, facts)
        hiding = {str(row[0]) for row in run_statement(outside, "list_hiding_macros", _LUC)}
        try:
            contents = run_statement(con, "read_contents")
        except DatabaseError as error:
            problem = "was made by a luc-load that stored no digests; build it again (--overwrite)"
            raise SourceError(str(path), problem) from error
        try:
            rows = run_statement(con, "read_build_row")
            *head, options, synthetic = rows[0]
            row = dict(zip(_BUILD_COLUMNS, (*head, synthetic), strict=True))
            record = json.loads(options)
            sources = run_statement(con, "read_sources")
            # Its functions are DuckDB's own where the database is not current.
            n_cells, south, north, west, east = run_statement(outside, "read_extent", _LUC)[0]
            columns: dict[str, list[str]] = {}
            for fact in sorted(facts, key=lambda one: _position(facts, one)):
                if fact.kind == "column" and fact.aspect != "comment" and fact.schema == "main":
                    columns.setdefault(fact.name, []).append(fact.part)
            return cls(
                con=con,
                path=path,
                record=dict(record),
                row=row,
                build_rows=len(rows),
                facts=facts,
                columns={table: tuple(names) for table, names in columns.items()},
                contents={
                    (table, year): (count, digest) for table, year, count, digest in contents
                },
                sources=tuple(
                    {
                        "name": one[0],
                        "path": one[1],
                        "digest": one[3],
                        "title": one[4] or "",
                        "synthetic": one[9],
                    }
                    for one in sources
                ),
                n_cells=n_cells,
                is_global=_is_global(record, north - south, east - west),
                parquet=parquet,
                hiding=hiding,
            )
        except (DatabaseError, IndexError, KeyError, TypeError, ValueError) as error:
            raise SourceError(str(path), "was not made by luc-load build") from error

    @property
    def build_id(self) -> str:
        """The id of the build."""
        return str(self.row["build_id"])

    @property
    def version(self) -> str:
        """The version of luc-load that made it."""
        return str(self.row["luc_load_version"])

    @property
    def synthetic(self) -> bool:
        """Whether any source is a sample."""
        return bool(self.row["synthetic"])

    @property
    def cells(self) -> str:
        """The option of the build: data, land or all."""
        return str(self._option("cells", "data"))

    @property
    def is_viewed(self) -> bool:
        """Whether the gridded tables are views of the Parquet files."""
        return self._option("tables", "stored") == "views"

    @property
    def address(self) -> str | None:
        """Where the Parquet dataset is, if not next to the database."""
        location = self._option("parquet", None)
        return None if location is None else str(location)

    def _option(self, name: str, default: str | None) -> object:
        options = self.record.get("options")
        return options.get(name, default) if isinstance(options, dict) else default

    @property
    def is_over(self) -> bool:
        """Whether the running check should return at once, whatever its result."""
        return self.stopped.is_set() or self.late.is_set()

    def outside(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor in which another database is current, so that no macro of this counts."""
        return self.con.cursor()

    @property
    def gridded(self) -> tuple[str, ...]:
        """The tables of yearly grids that the database has."""
        return tuple(source.table for source in SOURCES.values() if source.table in self.columns)

    @cached_property
    def loaded(self) -> tuple[str, ...]:
        """The tables that hold rows of years."""
        return tuple(dict.fromkeys(table for table, year in self.contents if year is not None))

    @cached_property
    def digested(self) -> tuple[str, ...]:
        """The tables without years whose content is digested as a whole."""
        return tuple(table for table, year in self.contents if year is None)

    def rows(self, *tables: str) -> int:
        """Return how many rows of years tables must have, all of them if none is named."""
        wanted = tables or self.loaded
        return sum(rows for (table, _), (rows, _) in self.contents.items() if table in wanted)

    def years(self, table: str) -> tuple[int, ...]:
        """Return the years that a table must have."""
        return tuple(year for name, year in self.contents if name == table and year is not None)

    def values(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table that are variables."""
        return tuple(c for c in self.columns[table] if c not in ("cell_id", "year"))

    @property
    def _schema(self) -> dict[str, Any]:
        schema = self.record.get("schema")
        return schema if isinstance(schema, dict) else {}

    @property
    def stored_views(self) -> tuple[str, ...]:
        """Views that are stored as tables."""
        names = self._schema.get("materialized")
        return tuple(name for name in MATERIALIZABLE if isinstance(names, list) and name in names)

    @cached_property
    def land_uses(self) -> LandUses:
        """The land uses of the database, and the moves between them."""
        return land_uses_of(self.columns["state"], self.columns.get("transition", ()))

    @cached_property
    def products(self) -> tuple[EmissionColumn, ...]:
        """The products of emissions in the database, the first one first."""
        return products_of(self.values("eluc"))

    @cached_property
    def emissions(self) -> dict[str, str | None]:
        """The emissions of eluc_global by column, and why the published totals do not apply."""
        obstacles: dict[str, str | None] = {}
        for source in self.sources:
            name, _, product = source["name"].partition("/")
            column = f"{product}_pgc" if product else "emission_pgc"
            if name == "eluc" and obstacles.get(column) is None:
                described = describe_product(source["path"], [source["title"]])
                obstacles[column] = described.obstacle
        return obstacles

    @property
    def published_column(self) -> str:
        """The emissions of eluc_global to compare with published totals; the first if none is."""
        named = (column for column, obstacle in self.emissions.items() if obstacle is None)
        return next(named, "emission_pgc")

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        """The ranges of all variables whose meaning is known."""
        return tuple(
            Limit(source.table, variable.column, variable.units == "1")
            for source in SOURCES.values()
            if source.table in self.loaded and not source.is_signed
            for variable in source.variables
            if variable.column in self.columns[source.table]
        )

    @cached_property
    def template_values(self) -> dict[str, object]:
        """The variables with which the files of sql/checks are rendered."""
        fractions, uses = self.land_uses.fractions, self.land_uses.uses
        moves = self.land_uses.moves
        # Values of one row that are missing together or not at all.
        together = {"state": fractions, "transition": tuple(move.variable for move in moves)}
        return {
            "loaded": self.loaded,
            "last_cell": self.n_cells - 1,
            "values": [(table, name) for table in self.loaded for name in self.values(table)],
            "together": [
                (table, names) for table, names in together.items() if table in self.loaded
            ],
            "limits": self.limits,
            "fractions": fractions,
            "uses": uses,
            "moves": moves,
            "stored": self.stored_views,
            "has_series": self._schema.get("has_series") is True,
            "sums": SUMS,
            "grid": self._schema.get("grid"),
            "mapped": [
                "area_ha",
                *(f"{one.measure}_tc" for one in self.products),
                *(f"{name}_ha" for name in uses),
                *(f"{name}_diff_ha" for name in uses),
            ],
            "emissions": self.products,
            "published_column": self.published_column,
            "totals": [
                *(("eluc_total", "eluc_again", f"{one.measure}_mtc") for one in self.products),
                *(("state_total", "state_again", f"{name}_mha") for name in uses),
            ],
        }


_LUC: dict[str, object] = {"database": "luc"}

_BUILD_COLUMNS = (
    *("build_id", "status", "built_at", "luc_load_version", "duckdb_version", "storage_version"),
    "synthetic",
)
"""Of the table build, without `options`."""


def _reject_views(path: Path, facts: dict[Fact, str | None]) -> None:
    """Raise unless the tables that are read before any check are plain tables.

    Raises
    ------
    SourceError
    """
    gridded = {source.table for source in SOURCES.values()}
    own = read_files("sql/tables").keys() - gridded
    views = {fact.name for fact in facts if fact.kind == "view"}
    generated = {
        fact.name
        for fact, value in facts.items()
        if fact.kind == "table" and "GENERATED ALWAYS" in (value or "")
    }
    for name in sorted(own & (views | generated)):
        problem = (
            f"its {name} is not a plain table; it was not made by luc-load build, or changed since"
        )
        raise SourceError(str(path), problem)


def _position(facts: dict[Fact, str | None], fact: Fact) -> int:
    """Return the place of a column in its table."""
    if fact.kind != "column" or fact.aspect == "comment":
        return 0
    return int((facts[fact] or "0").partition(" ")[0])


def _is_global(record: dict[str, Any], height: float, width: float) -> bool:
    """Return whether the grid of a build, whose outermost centres are this far apart, is global."""
    try:
        grid = record["schema"]["grid"]
        height += float(grid["step_lat"])
        width += float(grid["step_lon"])
    except (LookupError, TypeError, ValueError):
        return height > 170 and width > 350
    return abs(height - 180) < 1e-6 and abs(width - 360) < 1e-6
