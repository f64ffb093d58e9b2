"""`luc-load report`."""

from __future__ import annotations

import click

from loader.commands.common import DATABASE, PATH, Command, talkative, terminal_reporter
from loader.stopping import stop_orderly

__all__ = ["report"]


@click.command(cls=Command)
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
    "--checks/--no-checks",
    default=True,
    help="Run the checks, which read everything, or leave them out.  [default: run them]",
)
@talkative
def report(
    *, database: str, out: str, year: int | None, checks: bool, quiet: bool, verbose: int
) -> None:
    """Write one HTML page about a database: contents, series, maps, countries, checks.

    The page needs no network and no other file. Needs matplotlib: pip install "luc-load[plot]".
    A report that luc-load wrote is replaced; any other file is left alone.

    \b
    Example:
      luc-load report luc-data -o report.html
    """
    from loader.page.page import write_report  # noqa: PLC0415  # --help must be quick

    stop_orderly()
    reporter = terminal_reporter(quiet=quiet, verbose=verbose)
    click.echo(write_report(database, out, year=year, checks=checks, reporter=reporter))
