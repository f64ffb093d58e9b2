"""Open a finished database so that nothing can be changed, and nothing else can be read."""

from __future__ import annotations

import json
import secrets
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from loader.catalog.objects import as_path, as_pattern
from loader.catalog.sqlfiles import statement
from loader.errors import DatabaseError, SourceError, SourceMissingError
from loader.storing.database import hide_progress_bar, is_duckdb_file, run_statement, safe_config
from loader.storing.dataset import dataset_record
from loader.storing.publish import datasets_beside, named_database

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

__all__ = ["database_path", "new_cursor", "one_line", "open_database", "session", "translated"]


def database_path(database: str | os.PathLike[str]) -> Path:
    """Return the file of a database that is named by its file or its folder.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    SourceError
        If it is no DuckDB database; DuckDB itself never opens an unknown file.
    """
    path = named_database(database)
    if not path.exists():
        expected = "build one with luc-load build, or name another"
        raise SourceMissingError(str(path), f"there is no such database; {expected}")
    try:
        is_duckdb = is_duckdb_file(path)
    except OSError as error:
        raise SourceError(str(path), f"cannot be read ({error.strerror})") from error
    if not is_duckdb:
        raise SourceError(str(path), "is no DuckDB database; expected one of luc-load build")
    return path


def open_database(
    database: str | os.PathLike[str],
    threads: int | None = None,
    memory_limit: int | None = None,
    *,
    with_tables: bool = True,
) -> duckdb.DuckDBPyConnection:
    """Open a database of luc-load build, read-only and locked.

    Parameters
    ----------
    database : path
        The file, or the folder it lies in.
    threads : int, optional
        DuckDB's own choice if not given.
    memory_limit : int, optional
        Bytes.
    with_tables : bool
        Whether the gridded tables will be read. Where they are views, their Parquet files must be
        there: in the folder that the database names, or beside it.

    Returns
    -------
    duckdb.DuckDBPyConnection
        It reaches no other file but those Parquet files and no network, loads no extension and
        takes no setting back; what does not fit in memory goes to the system's folder of temporary
        files.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    SourceError
        If luc-load did not make it, or what its views read is not there.
    DatabaseError
        If it cannot be opened, because another program holds it for writing, say.
    """
    path = database_path(database)
    # DuckDB makes and removes it: a name that no other session shares and nobody can foretell.
    spill = Path(tempfile.gettempdir()) / f"luc-load-{secrets.token_hex(8)}.spill"

    def opened(folder: Path | None = None) -> duckdb.DuckDBPyConnection:
        # DuckDB asks for both spellings of a folder whose name has a character of patterns.
        folders = [] if folder is None else sorted({str(folder), as_pattern(str(folder))})
        # Absolute: DuckDB takes a leading ~ for the home folder, and md: for a service.
        values = {"path": str(path.absolute()), "spill": str(spill), "folders": folders}
        con = duckdb.connect(":memory:", config=safe_config(threads, memory_limit))
        try:
            with translated(f"{path}: cannot be opened"):
                hide_progress_bar(con)
                con.execute(statement("open_session", values)).fetchall()
            _refuse_foreign(con, path)
        except BaseException:
            con.close()
            raise
        return con

    con = opened()
    try:
        folder = data_folder(con, path) if with_tables else None
    except BaseException:
        con.close()
        raise
    if folder is None:
        return con
    # The folder was asked for in a session that reaches nothing: it may be anyone's expression.
    con.close()
    con = opened(folder)
    run_statement(con, "follow_folder", {"folder": as_pattern(str(folder))})
    return con


def data_folder(con: duckdb.DuckDBPyConnection, path: Path) -> Path | None:
    """Return where the Parquet parts lie that the views of a database read; None without views.

    Raises
    ------
    SourceError
        If neither the folder that it names nor the one beside it is of the same build.
    """
    ((build_id, _, text),) = run_statement(con, "read_build")
    record = json.loads(text)
    if record["options"].get("tables", "stored") == "stored":
        return None
    ((named,),) = run_statement(con, "read_parquet_folder")
    for place in (Path(as_path(named)), *datasets_beside(path)):
        found = dataset_record(place) or {}
        if (found.get("build_id"), found.get("mark")) == (build_id, record["mark"]):
            return place
    cure = "CREATE OR REPLACE MACRO parquet_folder() AS '/new/place/parquet'"
    raise SourceError(
        str(path),
        f"its tables are views of the Parquet files in {as_path(named)}, which are not there, or "
        f"of another build; run the build again, or open the database with DuckDB and say {cure}",
    )


def _refuse_foreign(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    try:
        ((_, status, _),) = run_statement(con, "read_build")
    except (DatabaseError, ValueError) as error:
        raise SourceError(str(path), "was not made by luc-load build") from error
    if status != "complete":
        raise SourceError(str(path), "is not complete; run luc-load build again")


def new_cursor(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Return a further cursor of a session, for another thread."""
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
    """Open a database as `open_database` does, for the length of a `with` block."""
    con = open_database(database, threads, memory_limit, with_tables=with_tables)
    with closing(con):
        yield con


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn what DuckDB raises into a DatabaseError that says what was asked for."""
    try:
        yield
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise DatabaseError(f"{what}: {one_line(error)}") from error


def one_line(error: Exception) -> str:
    """Return what DuckDB says, without its excerpt of the statement, in one line."""
    return " ".join(str(error).partition("\n\nLINE ")[0].split())
