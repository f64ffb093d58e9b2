"""The DuckDB file while it is being built: create, append, finish, read back."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from loader.catalog.objects import (
    SchemaContext,
    create_parquet_views,
    create_tables,
    create_views,
    name_folder,
)
from loader.catalog.sqlfiles import statement
from loader.errors import DatabaseError
from loader.files import open_regular
from loader.storing.digest import TableDigest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "ROW_GROUP_ROWS",
    "StagedDatabase",
    "attach_read_only",
    "column_metadata",
    "connect_read_only",
    "digest_of_table",
    "has_synthetic_source",
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
"""Nothing is downloaded, and no Python variable is taken for a table."""

_MAGIC = b"DUCK"
_MAGIC_OFFSET = 8

ROW_GROUP_ROWS = 122_880
"""Rows of a row group of DuckDB: batches of this size go in a tenth faster than larger ones."""


class StagedDatabase:
    """A database file that no one else sees yet.

    All rows go in as one transaction: DuckDB then fills its row groups across the blocks, which
    makes the file a third smaller than one transaction a block.

    Parameters
    ----------
    path : pathlib.Path
        Where the file is created.
    storage_version : str
        DuckDB's STORAGE_VERSION, such as "v1.0.0".
    memory_limit : int
        Bytes that DuckDB may take.
    threads : int
        For what follows the loading.

    Raises
    ------
    DatabaseError
        If the file cannot be created, or DuckDB does not know the storage version.
    """

    def __init__(self, path: Path, storage_version: str, memory_limit: int, threads: int) -> None:
        self.path = path
        self._threads = threads
        with _translated(f"{path}: cannot be created"):
            # One thread keeps the order of rows and fills every row group.
            spill = {"temp_directory": f"{path.absolute()}.spill"}
            self._con = duckdb.connect(":memory:", config=safe_config(1, memory_limit) | spill)
            hide_progress_bar(self._con)
            # Absolute: DuckDB takes a leading ~ for the home folder.
            values = {"path": str(path.absolute()), "storage_version": storage_version}
            self._con.execute(statement("attach_database", values)).fetchall()

    def create(self, context: SchemaContext, viewed: Collection[str] = ()) -> None:
        """Create the tables but those `viewed`, and begin the transaction that fills them."""
        create_tables(self._con, context, viewed)
        with _translated(f"{self.path}: no transaction could begin"):
            self._con.begin()

    def insert(self, table: str, rows: pa.Table) -> None:
        """Append rows to a table; `rows` has its columns in its order."""
        with _translated(f"table {table}: rows could not be inserted"):
            # Not register(): a view that is dropped keeps its rows until the transaction ends.
            batches = rows.to_batches(max_chunksize=ROW_GROUP_ROWS)
            whole_groups = pa.Table.from_batches(batches, schema=rows.schema)
            self._con.from_arrow(whole_groups).insert_into(table)

    def finish(
        self,
        context: SchemaContext,
        small: Mapping[str, pa.Table],
        parts: Mapping[str, Sequence[str]] | None = None,
        folder: Path | None = None,
    ) -> None:
        """Add the small tables, views and comments, and leave one complete file without a log.

        Parameters
        ----------
        context : SchemaContext
            The same as for `create`.
        small : mapping of str to pyarrow.Table
            Rows by table.
        parts : mapping of str to sequence of str, optional
            Files below `folder` of each table that is a view of them.
        folder : pathlib.Path, optional
            The Parquet data set.
        """
        for table, rows in small.items():
            self.insert(table, rows)
        with _translated(f"{self.path}: could not be completed"):
            self._con.commit()
            self._con.execute(statement("set_threads", {"threads": self._threads})).fetchall()
            # One transaction: hundreds of comments would each wait for the disk.
            self._con.begin()
            if parts:
                assert folder is not None
                create_parquet_views(self._con, context, parts, folder)
            create_views(self._con, context, parts or ())
            self._con.commit()
            self._con.execute(statement("checkpoint")).fetchall()
        self.close()

    def close(self) -> None:
        """Close the file; what was not finished is lost."""
        self._con.close()

    def interrupt(self) -> None:
        """Stop the statement that is running, from another thread."""
        self._con.interrupt()


def rename_folder(path: Path, folder: Path) -> None:
    """Let the views of a staged database read the parts in another folder, which need not exist."""
    with _translated(f"{path}: could not be completed"):
        con = duckdb.connect(":memory:", config=safe_config(1))
        try:
            con.execute(statement("attach_again", {"path": str(path.absolute())})).fetchall()
            name_folder(con, folder)
            con.execute(statement("checkpoint")).fetchall()
        finally:
            con.close()


def safe_config(threads: int | None = None, memory_limit: int | None = None) -> dict[str, Any]:
    """Return the configuration of a connection that downloads nothing and takes no Python variable.

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

    Only where it is on: in a Jupyter kernel without ipywidgets it is off, and DuckDB raises
    whenever it is set.
    """
    ((is_on,),) = con.execute(statement("read_progress_bar")).fetchall()
    if is_on:
        con.execute(statement("quiet_session")).fetchall()


def is_duckdb_file(path: Path) -> bool:
    """Return whether a file begins as DuckDB's do, without opening it as one.

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
        Bytes; DuckDB keeps what it has read up to its limit, most of the machine if not given.

    Raises
    ------
    DatabaseError
        If it cannot be opened.
    """
    with _translated(f"{path}: cannot be opened"):
        config = safe_config(threads, memory_limit)
        con = duckdb.connect(str(path.absolute()), read_only=True, config=config)
        hide_progress_bar(con)
        return con


def attach_read_only(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a finished database beside connections that this process has to it.

    One process opens a file with one configuration only; an attached file is exempt. A cursor of
    the connection does not find the tables.

    Raises
    ------
    DatabaseError
        If it cannot be opened, for example because it is open for writing.
    """
    with _translated(f"{path}: cannot be opened"):
        con = duckdb.connect(":memory:", config=safe_config())
        try:
            hide_progress_bar(con)
            con.execute(statement("attach_read_only", {"path": str(path.absolute())})).fetchall()
        except BaseException:
            con.close()
            raise
        return con


def has_synthetic_source(path: Path) -> bool:
    """Return whether any source of a finished database is a made-up sample."""
    with closing(attach_read_only(path)) as con:
        return bool(run_statement(con, "read_build_row")[0][7])


def digest_of_table(con: duckdb.DuckDBPyConnection, table: str) -> TableDigest:
    """Read a gridded table back and digest it.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    table : str
        With columns cell_id, year and REAL values.

    Returns
    -------
    TableDigest
    """
    digest = TableDigest()
    with _translated(f"table {table}: cannot be read back"):
        for batch in con.sql(statement("read_rows", {"table": table})).to_arrow_reader(
            ROW_GROUP_ROWS
        ):
            digest.merge(TableDigest.of(batch))
    return digest


def read_table(con: duckdb.DuckDBPyConnection, table: str) -> pa.Table:
    """Return a whole small table as Arrow."""
    with _translated(f"table {table}: cannot be read back"):
        return con.sql(statement("read_rows", {"table": table})).to_arrow_table()


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
    with _translated(f"the statement {name} failed"):
        return con.execute(statement(name, values), parameters).fetchall()


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        # DuckDB's advice names settings that are not the user's to make.
        found = str(error).splitlines()[0]
        mend = "raise --memory-limit, or give this process more memory"
        raise DatabaseError(f"{what}: {found}; {mend}, and run the same command again") from error
    except (duckdb.Error, pa.ArrowException) as error:
        raise DatabaseError(f"{what}: {' '.join(str(error).split())}") from error
