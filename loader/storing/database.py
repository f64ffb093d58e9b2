"""The DuckDB file while it is being built: create, append, finish, read back."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from loader.catalog.objects import (
    SchemaContext,
    create_parquet_views,
    create_tables,
    create_views,
    drop_series,
    drop_views,
    fill_stored,
    name_folder,
)
from loader.catalog.sqlfiles import statement
from loader.duckdb_errors import translated
from loader.files import open_regular
from loader.lanes import run_lanes
from loader.schema import schema_of
from loader.storing.digest import TableDigest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from loader.lanes import Turn

__all__ = [
    "ROW_GROUP_ROWS",
    "StagedDatabase",
    "column_metadata",
    "connect_read_only",
    "digest_of_table",
    "hide_progress_bar",
    "is_duckdb_file",
    "read_table",
    "rename_folder",
    "run_statement",
    "safe_config",
]

_SAFE = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}
"""Download nothing, and do not treat Python variables as tables."""

_MAGIC = b"DUCK"
_MAGIC_OFFSET = 8

ROW_GROUP_ROWS = 122_880
"""Rows of a DuckDB row group: batches of this size insert 10 % faster than larger ones."""


class StagedDatabase:
    """A database file that is being built.

    Lanes append to it at the same time, each through a connection of its own. A transaction holds
    the rows of one block, so that DuckDB's memory does not grow with the years; complete row
    groups are written to disk, and the last one of a block stays slightly short.

    Parameters
    ----------
    path : pathlib.Path
        Where the file is created.
    storage_version : str
        DuckDB's STORAGE_VERSION, such as "v1.0.0".
    memory_limit : int
        Bytes that DuckDB may use.
    lanes : int
        How many threads append to it.

    Attributes
    ----------
    lanes : tuple of DatabaseLane
        A connection for each thread.

    Raises
    ------
    DatabaseError
        If the file cannot be created, or DuckDB does not know the storage version.
    """

    def __init__(self, path: Path, storage_version: str, memory_limit: int, lanes: int) -> None:
        self.path = path
        with translated(f"{path}: cannot be created"):
            # One thread: parallel inserts of DuckDB would leave short row groups.
            spill = {"temp_directory": f"{path.absolute()}.spill"}
            self._con = duckdb.connect(":memory:", config=safe_config(1, memory_limit) | spill)
            hide_progress_bar(self._con)
            # Absolute: DuckDB expands a leading ~.
            values = {"path": str(path.absolute()), "storage_version": storage_version}
            self._con.execute(statement("attach_database", values)).fetchall()
            cursors = [self._con.cursor() for _ in range(lanes)]
            for cursor in cursors:
                cursor.execute(statement("use_database")).fetchall()
        self.lanes = tuple(map(DatabaseLane, cursors))

    def create(self, context: SchemaContext, years: pa.Table) -> None:
        """Create all tables, views and comments before the first row of a gridded table.

        A comment on a table to which another connection appends would make the append fail.

        Parameters
        ----------
        context : SchemaContext
        years : pyarrow.Table
            Rows of the table year, which decide how views are cut.
        """
        with self._transaction():
            create_tables(self._con, context)
            insert_rows(self._con, "year", years)
            create_views(self._con, context)

    def create_again(self, before: SchemaContext, context: SchemaContext, years: pa.Table) -> None:
        """Replace the rows of the table year, and the views and comments that follow from them.

        Parameters
        ----------
        before, context : SchemaContext
            How they were created, and how they are created now: the same, or without series.
        years : pyarrow.Table
        """
        with self._transaction():
            drop_views(self._con, before)
            if before.has_series and not context.has_series:
                drop_series(self._con)
            self._con.execute(statement("delete_rows", {"table": "year"})).fetchall()
            insert_rows(self._con, "year", years)
            create_views(self._con, context)

    def create_tables(self, context: SchemaContext, viewed: Collection[str]) -> None:
        """Create all tables except `viewed`, for a database of views of Parquet parts."""
        with self._transaction():
            create_tables(self._con, context, viewed)

    def create_views(
        self, context: SchemaContext, parts: Mapping[str, Sequence[str]], folder: Path
    ) -> None:
        """Create views and comments of a database of views, once its small tables are filled.

        Parameters
        ----------
        context : SchemaContext
        parts : mapping of str to sequence of str
            Files below `folder` of each table that is a view of them.
        folder : pathlib.Path
            The Parquet dataset.
        """
        with self._transaction():
            create_parquet_views(self._con, context, parts, folder)
            create_views(self._con, context, parts)

    def append(self, table: str, parts: Sequence[Callable[[], pa.Table]]) -> None:
        """Append rows to a table through all lanes, in the order of the parts.

        Parameters
        ----------
        table : str
        parts : sequence of callable
            Each returns rows in the columns of the table; called in any lane.
        """

        def insert(part: Callable[[], pa.Table], turn: Turn) -> None:
            lane = self.lanes[turn.lane]
            lane.insert(table, part())
            turn.wait()
            lane.commit()

        run_lanes([partial(insert, part) for part in parts], len(self.lanes), self.interrupt)

    def fill_stored_views(self, context: SchemaContext, memory_limit: int) -> None:
        """Fill the tables that replace views, with a thread for each lane.

        Parameters
        ----------
        context : SchemaContext
        memory_limit : int
            Bytes that DuckDB may use from now on.
        """
        if not context.materialized:
            return
        with translated(f"{self.path}: could not be completed"):
            values = {"threads": len(self.lanes), "memory_limit": f"{memory_limit}B"}
            self._con.execute(statement("set_resources", values)).fetchall()
        fill_stored(self._con, context)

    def finish(self) -> None:
        """Write the log into the file, and close it."""
        with translated(f"{self.path}: could not be completed"):
            self._con.execute(statement("checkpoint")).fetchall()
        self.close()

    def close(self) -> None:
        """Close the file; uncommitted rows are lost."""
        for lane in self.lanes:
            lane.close()
        self._con.close()

    def interrupt(self) -> None:
        """Interrupt the running statements; may be called from another thread."""
        self._con.interrupt()
        for lane in self.lanes:
            lane.interrupt()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Run everything in one transaction: otherwise each of hundreds of comments is synced."""
        with translated(f"{self.path}: could not be completed"):
            self._con.begin()
            yield
            self._con.commit()


class DatabaseLane:
    """The connection of one thread to the database that is being built.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    """

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._has_begun = False

    def insert(self, table: str, rows: pa.Table) -> None:
        """Append rows to a table, uncommitted; `rows` has its columns in its order."""
        with translated(f"table {table}: rows could not be inserted"):
            if not self._has_begun:
                self._con.begin()
                self._has_begun = True
        insert_rows(self._con, table, rows)

    def commit(self) -> None:
        """Commit the rows inserted since the last commit."""
        with translated("the rows of a block could not be committed"):
            if self._has_begun:
                self._con.commit()
                self._has_begun = False

    def roll_back(self) -> None:
        """Roll back the rows inserted since the last commit."""
        with translated("the rows of a block could not be rolled back"):
            if self._has_begun:
                self._con.rollback()
                self._has_begun = False

    def interrupt(self) -> None:
        """Interrupt the running statement; may be called from another thread."""
        self._con.interrupt()

    def close(self) -> None:
        """Close the connection; uncommitted rows are lost."""
        self._con.close()


def insert_rows(con: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    """Append rows to a table; `rows` has its columns in its order."""
    with translated(f"table {table}: rows could not be inserted"):
        # Not register(): a dropped view keeps its rows in memory until the transaction ends.
        batches = rows.to_batches(max_chunksize=ROW_GROUP_ROWS)
        whole_groups = pa.Table.from_batches(batches, schema=rows.schema)
        con.from_arrow(whole_groups).insert_into(f"{schema_of(table)}.{table}")


def rename_folder(path: Path, folder: Path) -> None:
    """Change the folder that the views of a staged database read; it need not exist yet."""
    with translated(f"{path}: could not be completed"):
        con = duckdb.connect(":memory:", config=safe_config(1))
        try:
            con.execute(statement("attach_again", {"path": str(path.absolute())})).fetchall()
            name_folder(con, folder)
            con.execute(statement("checkpoint")).fetchall()
        finally:
            con.close()


def safe_config(threads: int | None = None, memory_limit: int | None = None) -> dict[str, Any]:
    """Return a configuration without downloads and without access to Python variables.

    Parameters
    ----------
    threads : int, optional
        DuckDB's own choice if not given.
    memory_limit : int, optional
        Bytes; DuckDB's own choice if not given.
    """
    config: dict[str, Any] = dict(_SAFE)
    if threads is not None:
        config["threads"] = threads
    if memory_limit is not None:
        config["memory_limit"] = f"{memory_limit}B"
    return config


def hide_progress_bar(con: duckdb.DuckDBPyConnection) -> None:
    """Turn DuckDB's progress bar off; luc-load draws its own.

    It is only set if it is on: in a Jupyter kernel without ipywidgets it is off, and DuckDB raises
    if it is set at all.
    """
    ((is_on,),) = con.execute(statement("read_progress_bar")).fetchall()
    if is_on:
        con.execute(statement("quiet_session")).fetchall()


def is_duckdb_file(path: Path) -> bool:
    """Return whether a file has the signature of DuckDB, without opening it as a database.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        file.seek(_MAGIC_OFFSET)
        return file.read(len(_MAGIC)) == _MAGIC


def connect_read_only(
    path: Path, threads: int | None = None, memory_limit: int | None = None
) -> duckdb.DuckDBPyConnection:
    """Open a finished database for reading only.

    Parameters
    ----------
    path : pathlib.Path
    threads : int, optional
        DuckDB's own choice if not given.
    memory_limit : int, optional
        Bytes; most of the memory of the machine if not given, which DuckDB uses as a cache.

    Raises
    ------
    DatabaseError
        If it cannot be opened.
    """
    with translated(f"{path}: cannot be opened"):
        config = safe_config(threads, memory_limit)
        con = duckdb.connect(str(path.absolute()), read_only=True, config=config)
        hide_progress_bar(con)
        return con


def digest_of_table(
    con: duckdb.DuckDBPyConnection, table: str, years: tuple[int, int] | None = None
) -> TableDigest:
    """Read a gridded table back and digest it.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    table : str
        With columns cell_id, year and REAL values.
    years : tuple of (int, int), optional
        First and last year to read; all by default.

    Returns
    -------
    TableDigest
    """
    digest = TableDigest()
    values: dict[str, object] = {"schema": schema_of(table), "table": table, "years": years}
    with translated(f"table {table}: cannot be read back"):
        for batch in con.sql(statement("read_rows", values)).to_arrow_reader(ROW_GROUP_ROWS):
            digest.merge(TableDigest.of(batch))
    return digest


def read_table(con: duckdb.DuckDBPyConnection, table: str) -> pa.Table:
    """Return a small table as Arrow."""
    with translated(f"table {table}: cannot be read back"):
        values = {"schema": schema_of(table), "table": table, "years": None}
        return con.sql(statement("read_rows", values)).to_arrow_table()


def column_metadata(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, dict[str, str]]:
    """Return units and long_name of every column of a table or view, for its Arrow schema."""
    return {
        name: {"units": unit, "long_name": description}
        for name, unit, description, _ in run_statement(con, "read_columns", None, [table])
    }


def run_statement(
    con: duckdb.DuckDBPyConnection,
    name: str,
    values: dict[str, object] | None = None,
    parameters: Sequence[object] | None = None,
) -> list[tuple[Any, ...]]:
    """Render a file of sql/statements, run it with bound parameters and return all rows."""
    with translated(f"the statement {name} failed"):
        return con.execute(statement(name, values), parameters).fetchall()
