"""Open a finished database so that no statement can change anything or read any other file."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from loader.catalog.objects import as_path
from loader.catalog.sqlfiles import statement
from loader.errors import DatabaseError, SourceError, SourceMissingError
from loader.schema import SOURCES
from loader.storing.database import hide_progress_bar, is_duckdb_file, run_statement, safe_config
from loader.storing.dataset import dataset_record
from loader.storing.origin import Origin, read_origin
from loader.storing.publish import datasets_beside, named_database

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from types import ModuleType

__all__ = [
    "database_path",
    "new_cursor",
    "one_line",
    "open_database",
    "open_two",
    "session",
    "translated",
]

_DISABLED = re.compile(
    r"file ?systems? .*(disabled|operations are disabled) by configuration"
    r"|LocalFileSystem (has been )?disabled|a session (writes|makes|renames) no "
)
"""Messages of DuckDB or `SessionFiles` when a statement tries to access a file."""

_TEXT = re.compile(r"'((?:[^']|'')*)'")
"""A string as DuckDB writes it in the definition of a macro."""

_NOT_THERE = re.compile(r"with name (\w+) does not exist")

_SPILL_SHARE = 0.9
"""Share of the free disk space that one session may use for temporary files."""


def database_path(database: str | os.PathLike[str]) -> Path:
    """Return the path of a database, given its file or its folder.

    Raises
    ------
    SourceMissingError
        If the file does not exist.
    SourceError
        If the file cannot be read or is not a DuckDB database.
    """
    path = named_database(database)
    if not path.exists():
        raise SourceMissingError(
            str(path), "there is no such database; run luc-load build, or name another database"
        )
    try:
        is_duckdb = is_duckdb_file(path)
    except OSError as error:
        raise SourceError(str(path), f"cannot be read ({error.strerror})") from error
    if not is_duckdb:
        raise SourceError(
            str(path), "is not a DuckDB database; expected one made by luc-load build"
        )
    return path


def open_database(
    database: str | os.PathLike[str],
    threads: int | None = None,
    memory_limit: int | None = None,
    *,
    with_tables: bool = True,
) -> duckdb.DuckDBPyConnection:
    """Open a database made by luc-load build in a locked, read-only session.

    Parameters
    ----------
    database : path
        The database file, or the folder that contains it.
    threads : int, optional
        Number of DuckDB threads; DuckDB's own choice if not given.
    memory_limit : int, optional
        Bytes.
    with_tables : bool
        Whether the gridded tables will be read. Where they are views, their Parquet files must
        exist, either in the folder that the database names or next to the database.

    Returns
    -------
    duckdb.DuckDBPyConnection
        The session reads the database and its Parquet files and nothing else. It writes no file,
        uses no network, loads no extension and changes no setting, whatever SQL it runs. Data that
        do not fit in memory spill to temporary files without a name (`SessionFiles`).

    Raises
    ------
    SourceMissingError
        If the file does not exist.
    SourceError
        If luc-load did not make the file, or its Parquet files are missing.
    DatabaseError
        If DuckDB cannot open it, for example because another program holds it for writing.
    """
    path = database_path(database)
    origin = read_origin(path)
    if origin.status != "complete":
        raise SourceError(str(path), "is incomplete; run luc-load build again")
    con = _locked(path, None, threads, memory_limit)
    try:
        folder = data_folder(con, path, origin) if with_tables else None
    except BaseException:
        con.close()
        raise
    if folder is None:
        return con
    # The first session had access to no Parquet file: the folder's name is an expression in the
    # database, which anybody may have written. The second one has access to that folder only.
    con.close()
    con = _locked(path, folder, threads, memory_limit)
    run_statement(con, "follow_folder", {"folder": _session_files().PARTS})
    return con


def open_two(
    path: Path, other: Path, threads: int | None = None, memory_limit: int | None = None
) -> duckdb.DuckDBPyConnection:
    """Open two databases as `a` and `b` in one locked, read-only session, neither current."""
    values = _session_values(path) | {"other": str(other.absolute())}
    return _opened(path, None, threads, memory_limit, "open_two", values)


def _locked(
    path: Path, folder: Path | None, threads: int | None, memory_limit: int | None
) -> duckdb.DuckDBPyConnection:
    """Attach a database in a session with access to the Parquet files in `folder` only."""
    values = _session_values(path)
    return _opened(path, folder, threads, memory_limit, "open_session", values)


def _session_values(path: Path) -> dict[str, object]:
    """Return the variables of the statement that opens a session."""
    module = _session_files()
    return {
        # Absolute: DuckDB expands a leading ~, and treats md: as a service.
        "path": str(path.absolute()),
        "spill": module.SPILL,
        "spill_size": f"{int(_SPILL_SHARE * _free_space())}B",
        "files": f"{module.PROTOCOL}://",
    }


def _opened(
    path: Path,
    folder: Path | None,
    threads: int | None,
    memory_limit: int | None,
    name: str,
    values: dict[str, object],
) -> duckdb.DuckDBPyConnection:
    """Run the statement that opens a session, in a new connection."""
    module = _session_files()
    con = duckdb.connect(":memory:", config=safe_config(threads, memory_limit))
    try:
        con.register_filesystem(module.SessionFiles(folder))
        with translated(f"{path}: cannot be opened"):
            hide_progress_bar(con)
            con.execute(statement(name, values)).fetchall()
    except BaseException:
        con.close()
        raise
    return con


def _session_files() -> ModuleType:
    from loader.querying import filesystem  # noqa: PLC0415  # fsspec takes a tenth of a second

    return filesystem


def _free_space() -> int:
    return shutil.disk_usage(tempfile.gettempdir()).free


def data_folder(con: duckdb.DuckDBPyConnection, path: Path, origin: Origin) -> Path | None:
    """Return the folder of the Parquet files that the views of a database read.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        A locked session of the database.
    path : pathlib.Path
        The database file.
    origin : Origin
        The description of its build from its tables.

    Returns
    -------
    pathlib.Path or None
        None if the gridded tables are stored in the database.

    Raises
    ------
    SourceError
        If neither the folder named by the database nor the one next to it belongs to this build.
    """
    if origin.record["options"].get("tables", "stored") == "stored":
        return None
    # The folder is a macro, which anybody may have written: its text is read, and it is not run.
    rows = run_statement(con.cursor(), "read_folder_definition", {"database": "luc"})
    text = _TEXT.fullmatch(str(rows[0][0])) if len(rows) == 1 else None
    named = [Path(as_path(text[1].replace("''", "'")))] if text else []
    for place in (*named, *datasets_beside(path)):
        record = dataset_record(place) or {}
        if (record.get("build_id"), record.get("mark")) == (origin.build_id, origin.record["mark"]):
            return place
    where = named[0] if named else "parquet_folder(), which is not a path in quotes"
    raise SourceError(
        str(path),
        f"its tables are views of Parquet files in {where}, which are missing or belong to another "
        "build; run luc-load build again, or open the database with DuckDB and run CREATE OR "
        "REPLACE MACRO parquet_folder() AS '/new/place/parquet'",
    )


def new_cursor(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Return another cursor of a session, for use in another thread."""
    cursor = con.cursor()
    run_statement(cursor, "use_database")
    ((_, _, text),) = run_statement(cursor, "read_build")
    if json.loads(text)["options"].get("tables", "stored") == "views":
        ((folder,),) = run_statement(con, "read_parquet_folder")
        run_statement(cursor, "follow_folder", {"folder": folder})
    return cursor


@contextmanager
def session(
    database: str | os.PathLike[str],
    threads: int | None = None,
    memory_limit: int | None = None,
    *,
    with_tables: bool = True,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database as `open_database` does, and close it at the end of the `with` block."""
    con = open_database(database, threads, memory_limit, with_tables=with_tables)
    with closing(con):
        yield con


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn errors of DuckDB into a DatabaseError that names what failed."""
    try:
        yield
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        reason = one_line(error)
        if _DISABLED.search(reason):
            reason = "a query reads the database only and writes nothing, so it cannot use files"
        elif (match := _NOT_THERE.search(reason)) and (option := _option_for(match[1])):
            reason += f" The build did not load it; luc-load build {option} does."
        raise DatabaseError(f"{what}: {reason}") from error


def _option_for(relation: str) -> str | None:
    """Return the option of luc-load build that loads a relation, or None if none is known.

    The tables of other sources than the defaults, and the views on them, which begin with the
    name of the table, exist only where the source was loaded.
    """
    for source in SOURCES.values():
        if not source.default and relation.startswith(source.table):
            return f"--{source.name}"
    return None


def one_line(error: Exception) -> str:
    """Return DuckDB's message in one line, without its excerpt of the statement."""
    return " ".join(str(error).partition("\n\nLINE ")[0].split())
