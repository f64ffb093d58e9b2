"""Open a database for pictures: read-only and locked, with its grid and its provenance."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from loader.catalog.products import EmissionColumn, products_of
from loader.catalog.sqlfiles import statement
from loader.description import DatabaseInfo, database_info
from loader.errors import UsageError
from loader.grid import Grid, grid_from_coordinates
from loader.plotting.wording import SNAPSHOTS
from loader.querying.session import session, translated
from loader.schema import ELUC, SOURCES
from loader.storing.database import run_statement

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    import duckdb

__all__ = ["Session", "opened"]

_EMISSIONS = {"eluc", "emission_tc"}


@dataclass(frozen=True)
class Session:
    """A database that is open for pictures.

    Attributes
    ----------
    con : duckdb.DuckDBPyConnection
        A read-only connection that gives no access to files, the network or settings.
    info : DatabaseInfo
        The contents of the database and their sources.
    """

    con: duckdb.DuckDBPyConnection
    info: DatabaseInfo

    @cached_property
    def grid(self) -> Grid:
        """The grid of the build."""
        ((latitude, longitude),) = run_statement(self.con, "read_grid")
        return grid_from_coordinates(latitude, longitude, str(self.info.database))[0]

    @cached_property
    def land(self) -> npt.NDArray[np.float32]:
        """Share of land of every cell, shape (n_lat, n_lon), 1."""
        values = self.columns("read_cell_column", {"column": "land_fraction"})["land_fraction"]
        return values.astype(np.float32).reshape(self.grid.n_lat, self.grid.n_lon)

    @cached_property
    def relations(self) -> dict[str, tuple[str, ...]]:
        """The columns of every table and view that has cells."""
        return {name: tuple(columns) for name, columns in self.rows("list_relations")}

    @cached_property
    def products(self) -> tuple[EmissionColumn, ...]:
        """The products of emissions, the first one first."""
        return products_of(self.relations.get(ELUC.column, ()))

    def product(self, column: str) -> EmissionColumn:
        """Return a product of emissions by its column.

        Raises
        ------
        UsageError
            If there is none.
        """
        for one in self.products:
            if one.column == column.lower():
                return one
        known = ", ".join(one.column for one in self.products)
        raise UsageError(f"there is no product of emissions {column!r}; eluc has {known}")

    @cached_property
    def years(self) -> dict[int, tuple[bool, bool]]:
        """For every loaded year, whether eluc has it and whether state has it."""
        return {year: (eluc, state) for year, eluc, state in self.rows("list_years")}

    def years_of(self, table: Literal["eluc", "state"]) -> list[int]:
        """Return the loaded years that a table has, ascending."""
        return [year for year, has in self.years.items() if has[table == "state"]]

    def rows(
        self,
        name: str,
        values: dict[str, object] | None = None,
        parameters: Sequence[object] | None = None,
    ) -> list[tuple[Any, ...]]:
        """Run a file of sql/statements and return its rows."""
        return run_statement(self.con, name, values, parameters)

    def columns(
        self, name: str, values: dict[str, object] | None = None
    ) -> dict[str, npt.NDArray[Any]]:
        """Run a file of sql/statements and return its columns; missing numbers are NaN.

        Raises
        ------
        DatabaseError
            If DuckDB fails.
        """
        with translated(name):
            arrays = self.con.execute(statement(name, values)).fetchnumpy()
        return {
            column: array.filled(np.nan)
            if isinstance(array, np.ma.MaskedArray) and array.dtype.kind == "f"
            else np.asarray(array)
            for column, array in arrays.items()
        }

    def meaning(self, relation: str, column: str) -> tuple[str, str]:
        """Return unit and description of a column, as the data dictionary has them."""
        for name, unit, description, _ in self.rows("read_columns", parameters=[relation]):
            if name.lower() == column.lower():
                return unit, description
        return "", ""

    def provenance(self, columns: Sequence[tuple[str, str]]) -> str:
        """Return in one line what columns were loaded from, and by which build.

        Parameters
        ----------
        columns : sequence of (str, str)
            Table or view, and column.
        """
        known = {source.name: source for source in self.info.sources}
        texts = []
        for relation, column in columns:
            source = known.get(_source_of(relation, column))
            if source is None:
                rows = self.rows("read_columns", parameters=[relation])
                dictionary = {name.lower(): source for name, _, _, source in rows}
                texts.append(dictionary.get(column.lower(), "luc-load"))
                continue
            title, version = source.title or source.name, source.version or ""
            texts.append(title if version in title else f"{title}, {version}")
        build = f"luc-load {self.info.luc_load_version}, build {self.info.build_id}"
        return f"Source: {'; '.join(dict.fromkeys(texts))} ({build})"


@contextmanager
def opened(database: str | os.PathLike[str]) -> Iterator[Session]:
    """Open a database for pictures.

    Parameters
    ----------
    database : path
        The file, or its folder.

    Raises
    ------
    SourceMissingError, SourceError
        If the database does not exist, or was not made by luc-load.
    DatabaseError
        If it cannot be opened.
    """
    info = database_info(database)
    with session(info.database) as con:
        yield Session(con, info)


def _source_of(relation: str, column: str) -> str:
    """Return the name of the source whose file has a column, or the relation if none has."""
    name = column.lower().removesuffix("_diff").removesuffix("_mha")
    if name in _EMISSIONS or name.startswith("emission"):
        return "eluc"
    if name in SNAPSHOTS:
        return "states"
    return next((one.name for one in SOURCES.values() if one.table == relation), relation)
