"""`luc-load report`."""

from __future__ import annotations

import click

from loader.commands.common import DATABASE, PATH, Command, talkative, terminal_reporter
from loader.commands.completion import complete_countries, complete_regions
from loader.stopping import stop_orderly

__all__ = ["report"]


@click.command(cls=Command, short_help="Write one HTML page about a database.")
@click.argument("database", metavar="[DB]", type=PATH, default=DATABASE)
@click.option(
    "-o",
    "--out",
    type=PATH,
    metavar="FILE",
    default="luc-report.html",
    show_default=True,
    help="HTML file to write.",
)
@click.option("--year", type=int, help="Year of the map of emissions.  [default: the latest]")
@click.option(
    "--product",
    metavar="NAME",
    default="eluc",
    show_default=True,
    help="Product of emissions that the report is about: a column of the table eluc.",
)
@click.option(
    "--country",
    metavar="NAME",
    shell_complete=complete_countries,
    help="Country that the report is about, by name or ISO 3166-1 code.",
)
@click.option(
    "--region",
    metavar="LAYER/NAME",
    shell_complete=complete_regions,
    help="Region that the report is about, such as country/Brazil.",
)
@click.option(
    "--bbox",
    metavar="W,S,E,N",
    help="Box that the report is about: the cells with their centre inside, degrees.",
)
@click.option(
    "--checks/--no-checks",
    default=True,
    help="Run the checks, which read everything, or leave them out.  [default: run them]",
)
@talkative
def report(
    *,
    database: str,
    out: str,
    year: int | None,
    product: str,
    country: str | None,
    region: str | None,
    bbox: str | None,
    checks: bool,
    quiet: bool,
    verbose: int,
) -> None:
    """Write one HTML page about a database: contents, series, maps, countries, checks.

    With --country, --region or --bbox, series and maps are those of one place.

    The page needs no network and no other file. Needs matplotlib: pip install "luc-load[plot]".
    A report that luc-load wrote is replaced; any other file is left alone.

    \b
    Examples:
      luc-load report luc-data -o report.html
      luc-load report luc-data --region country/Brazil -o brazil.html
    """
    from loader.exporting.selection import Selection  # noqa: PLC0415  # --help must be quick
    from loader.page.page import write_report  # noqa: PLC0415  # as above

    stop_orderly()
    reporter = terminal_reporter(quiet=quiet, verbose=verbose)
    selection = Selection.parse(bbox=bbox, countries=country or (), regions=region or ())
    click.echo(
        write_report(
            database,
            out,
            year=year,
            selection=selection,
            product=product,
            checks=checks,
            reporter=reporter,
        )
    )
