"""`luc-load export`."""

from __future__ import annotations

import click

from loader.commands.common import DATABASE, PATH, Command, talkative, terminal_reporter
from loader.commands.completion import (
    complete_columns,
    complete_countries,
    complete_parameters,
    complete_queries,
    complete_regions,
)
from loader.querying.formats import EXPORT_FORMATS, suffixes_text
from loader.stopping import stop_orderly

__all__ = ["export"]


@click.command(cls=Command)
@click.argument("database", metavar="[DB]", type=PATH, default=DATABASE)
@click.option(
    "-o",
    "--out",
    "output",
    type=PATH,
    metavar="PATH",
    help="File to write; - is standard output.  [default: standard output, as CSV, unless it is a "
    "terminal]",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(EXPORT_FORMATS),
    help=f"Format of the file.  [default: by the suffix of PATH: {suffixes_text(EXPORT_FORMATS)}]",
)
@click.option(
    "--what",
    shell_complete=complete_queries,
    metavar="NAME|FILE|SQL",
    help="Table or view to export; for rows also a query, as in luc-load query.  "
    "[default: ELUC and land use, merged]",
)
@click.option(
    "--years", metavar="FIRST:LAST", help="Only these years, both included; either may be open."
)
@click.option("--land", is_flag=True, help="Only cells of the land mask.")
@click.option(
    "--bbox",
    metavar="W,S,E,N",
    help="Only cells with their centre in this box, in degrees. A west greater than the east "
    "crosses the date line.",
)
@click.option(
    "--country",
    "countries",
    multiple=True,
    shell_complete=complete_countries,
    metavar="NAME",
    help="Only cells of this country (name or ISO 3166-1 code); may be repeated.",
)
@click.option(
    "--region",
    "regions",
    multiple=True,
    shell_complete=complete_regions,
    metavar="LAYER/NAME",
    help="Only cells of this region, such as country/Brazil; may be repeated.",
)
@click.option(
    "--columns",
    shell_complete=complete_columns,
    metavar="LIST",
    help="Columns of rows, or variables of a grid, separated by commas: NAME, or NEW_NAME=NAME.  "
    "[default: all]",
)
@click.option("--complete", is_flag=True, help="Only rows without a missing value.")
@click.option(
    "-p",
    "--param",
    "parameters",
    multiple=True,
    shell_complete=complete_parameters,
    metavar="NAME=VALUE",
    help="Parameter of a query; may be repeated.",
)
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@talkative
def export(
    *,
    database: str,
    output: str | None,
    file_format: str | None,
    what: str | None,
    years: str | None,
    land: bool,
    bbox: str | None,
    countries: tuple[str, ...],
    regions: tuple[str, ...],
    columns: str | None,
    complete: bool,
    parameters: tuple[str, ...],
    overwrite: bool,
    quiet: bool,
    verbose: int,
) -> None:
    """Write the merged data, or a table, view or query, to a file.

    CSV and Parquet hold rows, sorted by year and cell; GeoParquet adds the outline of each cell.
    netCDF, Zarr and GeoTIFF hold a grid: a copy of a source file (--what eluc, state, transition
    or management), the columns of a view, or ELUC and land use on one time axis. Standard error
    says how many rows were written, of which years and where. DB is the file or its folder.

    \b
    Examples:
      luc-load export -o merged.csv.gz --years 1990:2021 --land
      luc-load export demo -o south.parquet --country Brazil --country Argentina
      luc-load export -o merged.nc --bbox -10,35,30,60
    """
    from loader.exporting.export import Request  # noqa: PLC0415  # --help must be quick
    from loader.exporting.export import export as export_data  # noqa: PLC0415  # as above
    from loader.exporting.selection import Selection  # noqa: PLC0415  # as above
    from loader.exporting.tables import parse_columns  # noqa: PLC0415  # as above
    from loader.querying.questions import parse_parameters  # noqa: PLC0415  # as above

    stop_orderly(resumes=False)
    request = Request(
        what=what,
        selection=Selection.parse(
            years=years, land=land, bbox=bbox, countries=countries, regions=regions
        ),
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
