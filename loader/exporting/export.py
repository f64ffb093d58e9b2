"""Export from a database: the implementation of `luc-load export`."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from loader.display import Displayed
from loader.errors import UsageError
from loader.exporting.geoparquet import add_outlines
from loader.exporting.selection import Selection
from loader.exporting.tables import (
    RowCount,
    query_pieces,
    read_grid,
    read_origin,
    relation_columns,
    table_pieces,
)
from loader.lanes import read_ahead, run_interruptibly
from loader.querying.diagnosis import empty_reasons, missing_sources, relations_of
from loader.querying.formats import EXPORT_FORMATS, choose_format, compressed
from loader.querying.output import STDOUT, is_terminal, new_path, opened
from loader.querying.questions import find_question
from loader.querying.session import session
from loader.reporting import Progress, synchronized
from loader.storing.database import run_statement

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import BinaryIO

    import duckdb

    from loader.exporting.plan import GridPlan
    from loader.querying.formats import FileFormat
    from loader.querying.questions import Value
    from loader.reporting import Reporter

__all__ = ["ExportReport", "Request", "export"]

_DATABASE_BYTES = 2**30
"""Memory limit of DuckDB: without one, its cache would grow with the data that it reads."""

MERGED_VIEW = "eluc_state"
"""The table or view that is exported by default."""


@dataclass(frozen=True)
class Request:
    """A request for an export.

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


@dataclass(frozen=True)
class ExportReport(Displayed):
    """The result of an export.

    Attributes
    ----------
    output : str
        A path, or "-" for standard output.
    content : str
        A description of what was written: rows, or variables and cells.
    rows : int
        Rows written; for a grid, its values.
    years : tuple of int or None
        First and last year; None if there are no years.
    extent : tuple of float or None
        West, south, east and north of the centres of the cells, degrees; None if neither the rows
        nor the grid have coordinates.
    synthetic : bool
        Whether any source of the database is synthetic.
    """

    output: str
    content: str
    rows: int
    years: tuple[int, int] | None
    extent: tuple[float, float, float, float] | None
    synthetic: bool

    def text(self) -> str:
        """Return it in one line."""
        parts = [self.content]
        if self.years is not None:
            first, last = self.years
            parts.append(str(first) if first == last else f"{first}-{last}")
        if self.extent is not None:
            west, south, east, north = self.extent
            parts.append(
                f"cell centres {_degrees(south, 'N', 'S')} to {_degrees(north, 'N', 'S')}, "
                f"{_degrees(west, 'E', 'W')} to {_degrees(east, 'E', 'W')}"
            )
        target = "standard output" if self.output == STDOUT else self.output
        mark = "SYNTHETIC data, not of the Earth: " if self.synthetic else ""
        return f"{mark}{', '.join(parts)} -> {target}"


def export(
    database: str | os.PathLike[str],
    output: str | None,
    request: Request,
    *,
    file_format: str | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> ExportReport:
    """Write data of a database to a file, or as CSV to standard output.

    Parameters
    ----------
    database : path
        The file, or its folder.
    output : str or None
        A path, or "-" for standard output, which is also the default unless it is a terminal. A
        file appears only when it is complete.
    request : Request
    file_format : str, optional
        One of `loader.querying.formats.EXPORT_FORMATS`; by the suffix of `output` if not given. A
        CSV file whose name ends in .gz is compressed.
    overwrite : bool
        Replace an existing file.
    reporter : Reporter, optional
        Receives progress and notices.

    Returns
    -------
    ExportReport

    Raises
    ------
    UsageError
        If the request is not valid for this database, or the format is unknown.
    SourceError
        If the database does not exist.
    OutputError
        If the output exists or cannot be written.
    DatabaseError
        If DuckDB fails.
    """
    watcher = synchronized(reporter)
    target = STDOUT if output is None else output
    chosen = choose_format(target, file_format, EXPORT_FORMATS, "csv")
    if output is None:
        _refuse_flood()
    with session(database, memory_limit=_DATABASE_BYTES) as con:
        *_, is_synthetic = run_statement(con, "read_build_row")[0]
        if chosen.is_grid:
            with new_path(target, overwrite=overwrite) as path:
                plan = _export_grid(con, str(database), request, chosen, path, watcher)
            report = _grid_report(plan, target, synthetic=is_synthetic)
            watcher.notice(report.text())
            return report
        counts: list[RowCount] = []
        with opened(target, overwrite=overwrite) as file, compressed(file, target) as packed:
            counts.append(_export_rows(con, request, chosen, packed, watcher))
        if not counts:
            # The reader of standard output closed it, which is not an error.
            return ExportReport(target, "nothing", 0, None, None, is_synthetic)
        (count,) = counts
        if not count.rows:
            watcher.notice(f"no rows were exported: {_why_empty(con, request)}")
    content = f"{count.rows:,} row{'s' if count.rows != 1 else ''}"
    years, extent = count.span("year"), _extent(count)
    report = ExportReport(target, content, count.rows, years, extent, is_synthetic)
    watcher.notice(report.text())
    return report


def _refuse_flood() -> None:
    if is_terminal(STDOUT):
        raise UsageError(
            "an export would flood the terminal; write it to a file with -o FILE, pipe it, or add "
            "-o - to print it anyway"
        )


def _export_grid(
    con: duckdb.DuckDBPyConnection,
    database: str,
    request: Request,
    file_format: FileFormat,
    path: Path,
    reporter: Reporter,
) -> GridPlan:
    from loader.exporting.grids import write_grid  # noqa: PLC0415  # rows need no netCDF
    from loader.exporting.planning import plan_grid  # noqa: PLC0415  # as above

    if request.complete or request.parameters:
        raise UsageError("--complete and --param apply to rows (CSV, Parquet), not to grids")
    plan = plan_grid(con, database, request.what)
    if request.columns is not None:
        if request.what is None and not plan.has(request.columns.values()):
            # Sums such as forest are columns of the view, not variables of a file.
            plan = plan_grid(con, database, MERGED_VIEW)
        plan = plan.rename(request.columns)
    plan = request.selection.apply(con, plan)
    if plan.is_copy and _holds_land_only(con):
        reporter.notice(
            f"{plan.variables[0].relation}: the database holds land cells only; in this copy of "
            "the file all other cells are missing"
        )
    if file_format.name == "geotiff":
        from loader.exporting.geotiff import write_geotiff  # noqa: PLC0415  # an extra

        write_geotiff(con, plan, path, reporter)
    else:
        write_grid(con, plan, path, file_format.name, reporter)
    return plan


def _holds_land_only(con: duckdb.DuckDBPyConnection) -> bool:
    ((_, _, record),) = run_statement(con, "read_build")
    return bool(json.loads(record)["options"].get("cells") == "land")


def _grid_report(plan: GridPlan, output: str, *, synthetic: bool) -> ExportReport:
    steps, rows, columns = plan.shape
    count = len(plan.variables)
    content = f"{count} variable{'s' if count != 1 else ''} on {rows} x {columns} cells"
    latitude, longitude = plan.latitude.values, plan.longitude.values
    extent = (
        float(longitude[0]),
        float(latitude.min()),
        float(longitude[-1]),
        float(latitude.max()),
    )
    years = (int(plan.years.min()), int(plan.years.max())) if steps else None
    return ExportReport(output, content, count * math.prod(plan.shape), years, extent, synthetic)


def _export_rows(
    con: duckdb.DuckDBPyConnection,
    request: Request,
    file_format: FileFormat,
    file: BinaryIO,
    reporter: Reporter,
) -> RowCount:
    what = request.what or MERGED_VIEW
    has = relation_columns(con, what)
    columns = request.columns
    # The rows occupy the connection: everything else must be read before them.
    origin = read_origin(con)
    grid = read_grid(con) if file_format.name == "geoparquet" else None
    if has is not None:
        if request.parameters:
            raise UsageError(f"{what} is a table or view and has no parameters")
        schema, pieces = table_pieces(
            con, what, has, request.selection, columns, complete=request.complete
        )
        names = columns if columns is not None else {name: name for name in has}
    else:
        if request.selection != Selection() or columns is not None or request.complete:
            raise UsageError(
                "--years, --land, --bbox, --country, --region, --columns and --complete apply to "
                f"tables and views; {what} is a query: select in its SQL"
            )
        schema, pieces = query_pieces(con, what, request.parameters)
        names = {name: name for name in schema.names}
    schema = schema.with_metadata({**(schema.metadata or {}), **origin})
    if grid is not None:
        schema, pieces = add_outlines(grid, schema, pieces, names)
    sink = file_format.new_sink(file, schema)
    count = RowCount(names)

    def write() -> None:
        for piece in read_ahead(pieces):
            sink.write(piece.rows)
            count.add(piece.rows)
            if piece.share is not None and piece.year is not None:
                reporter.progress(Progress(what, piece.year, count.rows, piece.share))
        sink.close()

    try:
        run_interruptibly(write, con.interrupt)
    finally:
        reporter.finished()
    return count


def _extent(count: RowCount) -> tuple[float, float, float, float] | None:
    latitude, longitude = count.span("lat"), count.span("lon")
    if latitude is None or longitude is None:
        return None
    return longitude[0], latitude[0], longitude[1], latitude[1]


def _why_empty(con: duckdb.DuckDBPyConnection, request: Request) -> str:
    """Return a sentence that explains why there are no rows."""
    what = request.what or MERGED_VIEW
    if relation_columns(con, what) is None:
        sql = find_question(what).sql
        reasons = missing_sources(con, relations_of(con, sql)) or empty_reasons(con, sql)
        return "; ".join(reasons) or "the query has no result"
    reasons = missing_sources(con, [what])
    if reasons:
        return "; ".join(reasons)
    if request.selection != Selection() or request.complete:
        return f"no row of {what} is in the selection (--years, --land, --bbox, --country, ...)"
    return f"{what} is empty in this database"


def _degrees(value: float, positive: str, negative: str) -> str:
    value = (value + 180) % 360 - 180 if positive == "E" else value
    return f"{abs(value):g}{positive if value >= 0 else negative}"
