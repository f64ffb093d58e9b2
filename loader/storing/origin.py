"""Read which build made a database, safely even if the file comes from a stranger.

A view or a macro in a database can have the name of one of our tables or of a DuckDB function, and
could read files, contact a server or never end. Therefore the database is attached without being
made current, nothing outside it can be reached, only stored tables are read, and a time limit
applies.
"""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from loader.catalog.sqlfiles import statement
from loader.errors import DatabaseError, SourceError
from loader.storing.database import hide_progress_bar, run_statement, safe_config
from loader.storing.look import refuse_blocking_log
from loader.storing.record import parse_record

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Origin", "read_origin", "time_limit"]

_SECONDS = 20.0
"""Time limit for reading the origin of a database; 20 ms is usual."""

_MEMORY = 2**28


@dataclass(frozen=True)
class Origin:
    """What the tables `build` and `source` of a database hold.

    Attributes
    ----------
    build_id, status, luc_load_version, duckdb_version, storage_version : str
    built_at : datetime.datetime
        UTC.
    record : dict of str to object
        Options, fingerprints of the sources and reports of the tables.
    synthetic : bool
    sources : tuple of tuple
        Name, path, size, digest, title, version, licence, first year, last year, synthetic.
    countries : tuple of int
        Numbers of today's countries, and of those of LUH2's static grid; 0 if not counted.
    """

    build_id: str
    status: str
    built_at: dt.datetime
    luc_load_version: str
    duckdb_version: str
    storage_version: str
    record: dict[str, Any]
    synthetic: bool
    sources: tuple[tuple[Any, ...], ...]
    countries: tuple[int, int]


def read_origin(path: Path, *, with_countries: bool = False) -> Origin:
    """Read which build made a database.

    Parameters
    ----------
    path : pathlib.Path
        A regular file with the signature of DuckDB.
    with_countries : bool
        Whether to count the countries of the table `region` too.

    Raises
    ------
    SourceError
        If luc-load did not make it, or it takes too long to read.
    DatabaseError
        If DuckDB cannot open it, for example because another program holds it for writing.
    """
    refuse_blocking_log(path)
    con = duckdb.connect(":memory:", config=safe_config(1, _MEMORY))
    hide_progress_bar(con)
    with closing(con), time_limit(con, path):
        try:
            # Absolute: DuckDB expands a leading ~, and takes md: for a service.
            con.execute(statement("open_origin", {"path": str(path.absolute())})).fetchall()
        except duckdb.Error as error:
            reason = " ".join(str(error).split())
            raise DatabaseError(f"{path}: cannot be opened: {reason}") from error
        try:
            row, sources, countries = _read(con, with_countries=with_countries)
        except (DatabaseError, LookupError, TypeError, ValueError) as error:
            raise SourceError(str(path), "was not made by luc-load build") from error
    build_id, status, built_at, version, duckdb_version, storage, text, synthetic = row
    try:
        record = parse_record(text)
    except ValueError as error:
        reason = "its record of the build is damaged; run luc-load build again"
        raise SourceError(str(path), reason) from error
    return Origin(
        build_id=str(build_id),
        status=str(status),
        built_at=built_at,
        luc_load_version=str(version),
        duckdb_version=str(duckdb_version),
        storage_version=str(storage),
        record=record,
        synthetic=bool(synthetic),
        sources=tuple(sources),
        countries=countries,
    )


@contextmanager
def time_limit(con: duckdb.DuckDBPyConnection, path: Path) -> Iterator[None]:
    """Interrupt the statement that runs on a connection after some seconds.

    Raises
    ------
    SourceError
        In place of whatever the interruption raises.
    """
    late = threading.Event()

    def stop() -> None:
        late.set()
        con.interrupt()

    timer = threading.Timer(_SECONDS, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if not late.is_set():
            raise
        reason = f"cannot be read within {_SECONDS:.0f} s; it was not made by luc-load build"
        raise SourceError(str(path), reason) from error
    finally:
        timer.cancel()


def _read(
    con: duckdb.DuckDBPyConnection, *, with_countries: bool
) -> tuple[tuple[Any, ...], list[tuple[Any, ...]], tuple[int, int]]:
    """Return the one row of `build`, the rows of `source`, and the number of countries."""
    schemas = dict(run_statement(con, "find_origin"))
    (row,) = run_statement(con, "read_origin", {"schema": schemas["build"]})
    sources = run_statement(con, "read_origin_sources", {"schema": schemas["source"]})
    if not with_countries:
        return row, sources, (0, 0)
    values: dict[str, object] = {"schema": schemas["region"]}
    ((today, luh2),) = run_statement(con, "count_origin_countries", values)
    return row, sources, (int(today), int(luh2))
