"""Export from a database: what `luc-load export` does."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from loader.errors import UsageError
from loader.exporting.selection import Selection
from loader.exporting.tables import Piece, query_pieces, relation_columns, table_pieces
from loader.pipeline import aside, overlap
from loader.querying.formats import MACHINE_FORMATS
from loader.querying.output import STDOUT, is_terminal, new_path, opened
from loader.querying.session import session
from loader.reporting import Progress, synchronized

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import BinaryIO

    import duckdb

    from loader.querying.questions import Value
    from loader.reporting import Reporter

__all__ = ["FORMATS", "Request", "export"]

FORMATS = ("csv", "parquet", "netcdf", "zarr")

_SUFFIXES = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".nc": "netcdf",
    ".nc4": "netcdf",
    ".zarr": "zarr",
}

_GRIDS = ("netcdf", "zarr")

_DATABASE_BYTES = 2**30
"""DuckDB keeps what it has read up to its limit: without one, memory would grow with the data."""

_MERGED_VIEW = "eluc_state"


@dataclass(frozen=True)
class Request:
    """What is to be exported.

    Attributes
    ----------
    what : str or None
        A table or view; for CSV and Parquet also a query, a file ending in .sql or SQL text. None
        is the merged data: the view eluc_state, or the grid of ELUC and the states.
    selection : Selection
    columns : dict of str to str or None
        Columns by their names in the export, for tables and views.
    complete : bool
        Only rows in which none of the columns is NULL.
    parameters : mapping of str to Value
        Of a query.
    """

    what: str | None = None
    selection: Selection = field(default_factory=Selection)
    columns: dict[str, str] | None = None
    complete: bool = False
    parameters: Mapping[str, Value] = field(default_factory=dict)


def export(
    database: str | os.PathLike[str],
    output: str,
    request: Request,
    *,
    file_format: str | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> None:
    """Write data of a database to a file, or as CSV to standard output.

    Parameters
    ----------
    database : path
        The file, or the folder it lies in.
    output : str
        A path, or "-" for standard output. It appears only when it is complete.
    request : Request
    file_format : {"csv", "parquet", "netcdf", "zarr"}, optional
        By the suffix of `output` if not given.
    overwrite : bool
        Replace what has the name already.
    reporter : Reporter, optional
        Told of progress, and of what could not be given back.

    Raises
    ------
    UsageError
        If the request cannot be met, or the format is unknown.
    SourceError
        If there is no such database.
    OutputError
        If the output exists or cannot be written.
    DatabaseError
        If DuckDB fails.
    """
    watcher = synchronized(reporter)
    chosen = _format(output, file_format)
    with session(database, memory_limit=_DATABASE_BYTES) as con:
        if chosen in _GRIDS:
            with new_path(output, overwrite=overwrite) as path:
                _export_grid(con, str(database), request, chosen, path, watcher)
            return
        with opened(output, overwrite=overwrite) as file:
            _export_rows(con, request, chosen, file, watcher)


def _format(output: str, named: str | None) -> str:
    if named is None:
        named = "csv" if output == STDOUT else _SUFFIXES.get(PurePath(output).suffix.lower())
        if named is None:
            known = ", ".join(_SUFFIXES)
            raise UsageError(f"{output}: its suffix is none of {known}; add --format")
    if named in _GRIDS and output == STDOUT:
        raise UsageError(f"{named} needs a name to be written to; add -o PATH")
    if named == "parquet" and is_terminal(output):
        raise UsageError("Parquet on a terminal is no use; add -o FILE")
    return named


def _export_grid(
    con: duckdb.DuckDBPyConnection,
    database: str,
    request: Request,
    file_format: str,
    path: Path,
    reporter: Reporter,
) -> None:
    from loader.exporting.grids import write_grid  # noqa: PLC0415  # rows need no netCDF
    from loader.exporting.plan import plan_grid, read_layouts  # noqa: PLC0415  # as above

    if request.columns is not None or request.complete or request.parameters:
        raise UsageError("--columns, --complete and --param are for CSV and Parquet, not for grids")
    table = None if request.what in (None, _MERGED_VIEW) else request.what
    plan = request.selection.apply(con, plan_grid(read_layouts(con, database), table))
    for notice in plan.notices:
        reporter.notice(notice)
    write_grid(con, plan, path, file_format, reporter)


def _export_rows(
    con: duckdb.DuckDBPyConnection,
    request: Request,
    file_format: str,
    file: BinaryIO,
    reporter: Reporter,
) -> None:
    what = request.what or _MERGED_VIEW
    has = relation_columns(con, what)
    if has is not None:
        if request.parameters:
            raise UsageError(f"{what} is a table or view and has no parameters")
        schema, pieces = table_pieces(
            con, what, has, request.selection, request.columns, complete=request.complete
        )
    else:
        if request.selection != Selection() or request.columns is not None or request.complete:
            raise UsageError(
                f"--years, --land, --bbox, --country, --columns and --complete are for tables and "
                f"views, and {what} is none; say it in SQL"
            )
        schema, pieces = query_pieces(con, what, request.parameters)
    sink = MACHINE_FORMATS[file_format](file, schema)
    rows = 0

    def finished(piece: Piece) -> None:
        nonlocal rows
        rows += piece.rows.num_rows
        if piece.share is not None and piece.year is not None:
            reporter.progress(Progress(what, piece.year, rows, piece.share))

    try:
        overlap(pieces, [lambda piece: sink.write(piece.rows)], finished, con.interrupt)
        aside(sink.close, lambda: None)
    finally:
        reporter.finished()
