"""`luc-load export`."""

from __future__ import annotations

import click

from loader.commands.common import DATABASE, PATH, Command, talkative, terminal_reporter
from loader.stopping import stop_orderly

__all__ = ["export"]


@click.command(cls=Command)
@click.argument("database", metavar="[DB]", type=PATH, default=DATABASE)
@click.option(
    "-o",
    "--output",
    type=PATH,
    metavar="PATH",
    default="-",
    help="Where it goes.  [default: standard output, as CSV]",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "parquet", "netcdf", "zarr"]),
    help="How it is written.  [default: by the suffix of PATH: .csv, .parquet, .nc, .zarr]",
)
@click.option(
    "--what",
    metavar="NAME|FILE|SQL",
    help="A table or view; for CSV and Parquet also a query, as in luc-load query.  "
    "[default: ELUC and land use, merged]",
)
@click.option("--years", metavar="FIRST:LAST", help="Both ends included; either may be left open.")
@click.option("--land", is_flag=True, help="Only cells of the land mask.")
@click.option(
    "--bbox",
    metavar="W,S,E,N",
    help="Only cells with their centre in a box, degrees; W above E crosses the date line.",
)
@click.option(
    "--country",
    metavar="NAME",
    help="Only cells of a country: its name or ISO 3166-1 code.",
)
@click.option(
    "--columns",
    metavar="LIST",
    help="Columns of CSV or Parquet, commas between: NAME, or NEW_NAME=NAME.  [default: all]",
)
@click.option("--complete", is_flag=True, help="Only rows where none of the columns is missing.")
@click.option(
    "-p",
    "--param",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of a query; may be given several times.",
)
@click.option("--overwrite", is_flag=True, help="Replace PATH if it exists.")
@talkative
def export(
    *,
    database: str,
    output: str,
    file_format: str | None,
    what: str | None,
    years: str | None,
    land: bool,
    bbox: str | None,
    country: str | None,
    columns: str | None,
    complete: bool,
    parameters: tuple[str, ...],
    overwrite: bool,
    quiet: bool,
    verbose: int,
) -> None:
    """Write the merged data, or any table, view or query, as CSV, Parquet, netCDF or Zarr.

    CSV and Parquet hold rows, sorted by year and cell. netCDF and Zarr hold the grid: as the source
    file had it (--what eluc, state, transition or management), or ELUC and land use on one axis of
    years. DB is the file or its folder; luc-data/luc.duckdb if left out.

    \b
    Examples:
      luc-load export -o merged.csv --years 1990:2021 --land
      luc-load export demo -o brazil.parquet --country BRA
      luc-load export -o states.nc --what state --bbox -10,35,30,60
    """
    from loader.exporting.export import Request  # noqa: PLC0415  # --help must be quick
    from loader.exporting.export import export as export_data  # noqa: PLC0415  # as above
    from loader.exporting.selection import Selection  # noqa: PLC0415  # as above
    from loader.exporting.tables import parse_columns  # noqa: PLC0415  # as above
    from loader.querying.questions import parse_parameters  # noqa: PLC0415  # as above

    stop_orderly(resumes=False)
    request = Request(
        what=what,
        selection=Selection.parse(years=years, land=land, bbox=bbox, country=country),
        columns=parse_columns(columns) if columns is not None else None,
        complete=complete,
        parameters=parse_parameters(parameters),
    )
    export_data(
        database,
        output,
        request,
        file_format=file_format,
        overwrite=overwrite,
        reporter=terminal_reporter(quiet=quiet, verbose=verbose),
    )
