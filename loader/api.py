"""The functions of `import loader` that read a database, with the defaults of the command line.

Each one opens the database for itself, read-only, and closes it again; only `connect` leaves it
open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loader.checking.check import check_database
from loader.description import database_info
from loader.display import Displayed
from loader.exporting.export import ExportReport, Request
from loader.exporting.export import export as write_export
from loader.exporting.selection import Selection
from loader.exporting.tables import parse_columns
from loader.page.page import write_report
from loader.querying.run import ask
from loader.querying.session import open_database
from loader.schema import ELUC

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    import duckdb
    import pandas as pd
    import pyarrow as pa

    from loader.checking.results import CheckReport
    from loader.description import DatabaseInfo
    from loader.querying.points import Points
    from loader.querying.questions import Value
    from loader.reporting import Reporter
    from loader.years import Years

__all__ = ["DATABASE", "QueryResult", "check", "connect", "export", "info", "query", "report"]

DATABASE = "luc-data/luc.duckdb"
"""The database where none is named: the one that `build` makes by default."""


class QueryResult(Displayed):
    """The rows that a query returned.

    Libraries that read Arrow take it as it is: `polars.DataFrame(result)`,
    `pyarrow.table(result)`, `duckdb.from_arrow(result.arrow())`.
    """

    __slots__ = ("_table",)

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._table.column_names)

    def df(self) -> pd.DataFrame:
        """Return the rows as a pandas DataFrame; NULL becomes NaN, None or NaT."""
        frame: pd.DataFrame = self._table.to_pandas()
        return frame

    def arrow(self) -> pa.Table:
        """Return the rows as a pyarrow Table, with exact types."""
        return self._table

    def rows(self) -> list[tuple[Any, ...]]:
        """Return the rows as tuples of Python values."""
        return list(zip(*(column.to_pylist() for column in self._table.columns), strict=True))

    def text(self) -> str:
        """Return the rows as pandas prints them."""
        return str(self.df())

    def _repr_html_(self) -> str:
        return str(self.df()._repr_html_())  # type: ignore[operator]  # pandas' own, for notebooks

    def __repr__(self) -> str:
        return self.text()

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the rows through Arrow's PyCapsule interface."""
        return self._table.__arrow_c_stream__(requested_schema)


def connect(database: str | os.PathLike[str] = DATABASE) -> duckdb.DuckDBPyConnection:
    """Open a database for reading with DuckDB.

    Parameters
    ----------
    database : path
        The file, or its folder.

    Returns
    -------
    duckdb.DuckDBPyConnection
        Nothing that runs on it can write, reach another file or the network, or load an extension.
        Close it when you are done; `with` does. A `cursor()` needs ``USE luc`` first.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    SourceError
        If luc-load did not build it.
    DatabaseError
        If it cannot be opened, for example because another program has it open for writing.

    Examples
    --------
    >>> import loader
    >>> with loader.connect("demo") as con:
    ...     frame = con.sql("FROM eluc_global").df()
    >>> list(frame.columns)[:3]
    ['year', 'date', 'emission_pgc']
    """
    return open_database(database)


def query(
    sql: str,
    database: str | os.PathLike[str] = DATABASE,
    parameters: Mapping[str, Value] | None = None,
    *,
    points: Points | None = None,
) -> QueryResult:
    """Run a query, read-only, and return all its rows.

    Parameters
    ----------
    sql : str
        SQL text, the name of a built-in query, table or view, or a path ending in .sql.
    database : path
        The file, or its folder.
    parameters : mapping of str to bool, int, float, str or date, optional
        Variables that the SQL reads with getvariable(). A name may be abbreviated.
    points : path, DataFrame or iterable of mappings, optional
        Places with name, latitude and longitude, for the query "points": a CSV file or rows.

    Returns
    -------
    QueryResult
        `df()` is a pandas DataFrame, `arrow()` a pyarrow Table.

    Raises
    ------
    UsageError
        If there is no such query or parameter, or a row of `points` is not a place.
    SourceError
        If there is no such file or database, or a line of the file of points is not a place.
    DatabaseError
        If DuckDB rejects the SQL, or if it would change anything.

    Examples
    --------
    >>> import loader
    >>> result = loader.query("SELECT min(year) AS first FROM eluc", "demo")
    >>> result.rows()
    [(2015,)]
    >>> frame = loader.query("london_series", "demo", {"latitude": 52.4}).df()
    >>> cities = [{"city": "Nairobi", "lat": -1.286, "lon": 36.817}]
    >>> loader.query("points", "demo", points=cities).df().name.unique().tolist()
    ['Nairobi']
    """
    return QueryResult(ask(database, sql, parameters, points))


def info(
    database: str | os.PathLike[str] = DATABASE,
    *,
    parquet: str | None = None,
    storage_options: str | Mapping[str, Any] | None = None,
) -> DatabaseInfo:
    """Describe a database: tables, years, cells, countries, sources, sizes, versions.

    Parameters
    ----------
    database : path
        The file, or its folder.
    parquet : str, optional
        Address of the Parquet dataset, if it is in an object store; not contacted unless given.
    storage_options : mapping or str, optional
        fsspec options, or JSON of them, for a Parquet dataset at an address.

    Returns
    -------
    DatabaseInfo
        Prints as `luc-load info` does.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    SourceError
        If luc-load did not build it.
    DatabaseError
        If it cannot be opened.

    Examples
    --------
    >>> import loader
    >>> loader.info("demo").synthetic
    True
    """
    return database_info(database, storage_options, parquet=parquet)


def check(
    database: str | os.PathLike[str] = DATABASE,
    *,
    only: Collection[str] | None = None,
    workers: int | None = None,
    memory_limit: str | int | None = None,
    parquet: str | None = None,
    storage_options: str | Mapping[str, Any] | None = None,
) -> CheckReport:
    """Prove that a database is what was published and that its numbers agree.

    Parameters
    ----------
    database : path
        The file, or its folder.
    only : collection of str, optional
        Names of the checks to run; all by default.
    workers : int, optional
        Threads of DuckDB; one per core by default.
    memory_limit : str or int, optional
        Memory of DuckDB, such as "1GiB", the default.
    parquet : str, optional
        Address of the Parquet dataset, if it is in an object store. Without it, only an address
        to which a build of yours published is contacted.
    storage_options : mapping or str, optional
        fsspec options, or JSON of them, for a Parquet dataset at an address.

    Returns
    -------
    CheckReport
        `holds` is True if no check failed; prints as `luc-load check` does.

    Raises
    ------
    UsageError
        If an option is not valid.
    SourceError, DatabaseError
        As for `info`.

    Examples
    --------
    >>> import loader
    >>> loader.check("demo", only=["contents"]).holds
    True
    """
    return check_database(
        database,
        only=only,
        threads=workers,
        memory_limit=memory_limit,
        parquet=parquet,
        storage_options=storage_options,
    )


def export(
    database: str | os.PathLike[str] = DATABASE,
    *,
    out: str | os.PathLike[str],
    what: str | None = None,
    file_format: str | None = None,
    years: Years | None = None,
    land: bool = False,
    bbox: str | Sequence[float] | None = None,
    country: str | Sequence[str] = (),
    region: str | Sequence[str] = (),
    columns: Mapping[str, str] | Sequence[str] | str | None = None,
    complete: bool = False,
    parameters: Mapping[str, Value] | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> ExportReport:
    """Write the merged data, or any table, view or query, to a file.

    Parameters
    ----------
    database : path
        The file, or its folder.
    out : path
        The file; its suffix decides the format: .csv, .csv.gz, .parquet, .geoparquet, .nc, .tif,
        .zarr.
    what : str, optional
        A table or view; for CSV and Parquet also a query, as in `query`. ELUC and land use, merged,
        by default.
    file_format : {"csv", "parquet", "geoparquet", "netcdf", "geotiff", "zarr"}, optional
        By the suffix of `out` by default.
    years : int, str, range, slice or (first, last), optional
        One year, "FIRST:LAST", or first and last year, both included; either may be None.
        A range ends before its end, as in Python; a slice includes it, as in xarray.
    land : bool
        Only cells of the land mask.
    bbox : str or (west, south, east, north), optional
        Only cells with their centre inside, in degrees.
    country : str or sequence of str, optional
        Only cells of these countries: names or ISO 3166-1 codes.
    region : str or sequence of str, optional
        Only cells of these regions, and of the countries: LAYER/NAME, such as "country/Brazil".
    columns : mapping, sequence or str, optional
        Columns of rows, or variables of a grid: names, or source columns by new name.
    complete : bool
        Only rows without any missing value.
    parameters : mapping, optional
        Parameters of a query.
    overwrite : bool
        Replace `out` if it exists.
    reporter : Reporter, optional
        Receives progress, notices and one line on what was written.

    Returns
    -------
    ExportReport
        Rows, years and extent of what was written.

    Raises
    ------
    UsageError
        If the request cannot be met, or an option is not valid.
    SourceError, DatabaseError
        As for `info`.
    OutputError
        If `out` exists or cannot be written.

    Examples
    --------
    >>> import loader
    >>> loader.export("demo", out="land.csv", years=2016, land=True).years
    (2016, 2016)
    """
    request = Request(
        what=what,
        selection=Selection.parse(
            years=years,
            land=land,
            bbox=bbox,
            countries=country,
            regions=region,
        ),
        columns=_columns(columns),
        complete=complete,
        parameters=dict(parameters or {}),
    )
    return write_export(
        database,
        str(out),
        request,
        file_format=file_format,
        overwrite=overwrite,
        reporter=reporter,
    )


def report(
    database: str | os.PathLike[str] = DATABASE,
    *,
    out: str | os.PathLike[str] = "luc-report.html",
    year: int | None = None,
    country: str | None = None,
    region: str | None = None,
    bbox: str | Sequence[float] | None = None,
    product: str = ELUC.column,
    checks: bool = True,
) -> Path:
    """Write one self-contained HTML page about a database.

    Parameters
    ----------
    database : path
        The file, or its folder.
    out : path
        The page. A report that luc-load wrote is replaced; any other file is left alone.
    year : int, optional
        Year of the map of emissions; the latest by default.
    country : str, optional
        The country that the report is about, by name or ISO 3166-1 code.
    region : str, optional
        The region that the report is about, as LAYER/NAME.
    bbox : str or (west, south, east, north), optional
        The box that the report is about: the cells with their centre inside, degrees.
    product : str
        The column of the table eluc with the emissions that the report is about.
    checks : bool
        Whether to run the checks, which read everything.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    ExtraMissingError
        If matplotlib is not installed: pip install "luc-load[plot]".
    UsageError
        If there are no emissions of that year, or if more than one place is named.
    SourceError, DatabaseError
        As for `info`.
    OutputError
        If the page cannot be written.

    Examples
    --------
    >>> import loader
    >>> loader.report("demo", out="report.html", checks=False).name
    'report.html'
    """
    selection = Selection.parse(bbox=bbox, countries=country or (), regions=region or ())
    return write_report(
        database, out, year=year, selection=selection, product=product, checks=checks
    )


def _columns(columns: Mapping[str, str] | Sequence[str] | str | None) -> dict[str, str] | None:
    if columns is None:
        return None
    if isinstance(columns, str):
        return parse_columns(columns)
    return dict(columns) if isinstance(columns, Mapping) else {name: name for name in columns}
