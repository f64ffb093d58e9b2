"""What is checked: an open database, and what it says of itself."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from loader.errors import DatabaseError, SourceError
from loader.landuses import LandUses, land_uses_of
from loader.schema import SOURCES
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
        Open for reading.
    path : pathlib.Path
    build_id : str
    synthetic : bool
    columns : dict of str to tuple of str
        Of every table and view.
    contents : dict of (str, int or None) to (int, str)
        Rows and digest that a table and year must have.
    sources : dict of str to dict
        By name: title, path and whether it is synthetic.
    cells : str
        The option of the build: data, land or all.
    n_cells : int
        Of the whole grid.
    is_global : bool
        Whether the grid covers the Earth.
    address : str or None
        Where the Parquet data set lies, if not beside the database.
    stopped : threading.Event
        Set when the user wants no more.
    """

    con: duckdb.DuckDBPyConnection
    path: Path
    build_id: str
    synthetic: bool
    columns: dict[str, tuple[str, ...]]
    contents: dict[tuple[str, int | None], tuple[int, str]]
    sources: dict[str, dict[str, Any]]
    cells: str
    n_cells: int
    is_global: bool
    address: str | None = None
    stopped: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(cls, con: duckdb.DuckDBPyConnection, path: Path, record: dict[str, Any]) -> Subject:
        """Read what a database says of itself.

        Parameters
        ----------
        con : duckdb.DuckDBPyConnection
        path : pathlib.Path
        record : dict
            The record of the build, from the table build.

        Raises
        ------
        SourceError
            If an older luc-load made it, which stored nothing to compare with.
        """
        try:
            contents = run_statement(con, "read_contents")
        except DatabaseError as error:
            found = "was made by a luc-load that stored no digests; build it again (--overwrite)"
            raise SourceError(str(path), found) from error
        columns: dict[str, list[str]] = {}
        for table, column, _ in run_statement(con, "list_columns"):
            columns.setdefault(table, []).append(column)
        build_id, *_, synthetic = run_statement(con, "read_build_row")[0]
        n_cells, south, north, west, east = run_statement(con, "read_extent")[0]
        return cls(
            con=con,
            path=path,
            build_id=str(build_id),
            synthetic=bool(synthetic),
            columns={table: tuple(names) for table, names in columns.items()},
            contents={(table, year): (rows, digest) for table, year, rows, digest in contents},
            sources={
                row[0]: {"path": row[1], "title": row[4] or "", "synthetic": row[9]}
                for row in run_statement(con, "read_sources")
            },
            cells=str(record["options"]["cells"]),
            n_cells=n_cells,
            is_global=(north - south) > 170 and (east - west) > 350,
            address=record["options"].get("parquet"),
        )

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

    @cached_property
    def land_uses(self) -> LandUses:
        """The land uses of the database, and the moves between them."""
        return land_uses_of(self.columns["state"], self.columns.get("transition", ()))

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        """The ranges of all variables whose meaning is known."""
        return tuple(
            Limit(source.table, variable.column, variable.units == "1")
            for source in SOURCES.values()
            if source.table in self.loaded and source.table != "eluc"
            for variable in source.variables
            if variable.column in self.columns[source.table]
        )

    @cached_property
    def template_values(self) -> dict[str, object]:
        """What the files of sql/checks need to know."""
        fractions, uses = self.land_uses.fractions, self.land_uses.uses
        moves = self.land_uses.moves
        together = {"state": fractions, "transition": tuple(move.variable for move in moves)}
        return {
            "gridded": tuple(source.table for source in SOURCES.values()),
            "digested": self.digested,
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
            "totals": [
                ("eluc_total", "eluc_again", "emission_mtc"),
                *(("state_total", "state_again", f"{name}_mha") for name in uses),
            ],
        }
