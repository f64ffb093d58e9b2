"""`luc-load fetch`."""

from __future__ import annotations

from typing import Any

import click

from loader.commands.common import PATH, Command, talkative, terminal_reporter
from loader.stopping import stop_orderly

__all__ = ["fetch"]


@click.command(cls=Command, context_settings={"show_default": True})
@click.option("-o", "--raw", type=PATH, metavar="DIR", default="raw", help="Folder of the files.")
@click.option("--all", is_flag=True, help="All five files: 29 GB and the emissions.")
@click.option(
    "--only",
    metavar="NAMES",
    help="Some of eluc,states,transitions,management,static.  [default: eluc,states]",
)
@click.option("--eluc", metavar="URL", help="Address of BLUE ELUC, in place of the usual one.")
@click.option("--states", metavar="URL", help="The same for LUH2 states.")
@click.option("--transitions", metavar="URL", help="The same for LUH2 transitions.")
@click.option("--management", metavar="URL", help="The same for LUH2 management.")
@click.option("--static", metavar="URL", help="The same for LUH2's static grid.")
@click.option("--workers", type=int, metavar="N", default=4, help="Files at a time.")
@click.option(
    "--retries", type=int, metavar="N", default=5, help="Attempts in a row without a new byte."
)
@click.option(
    "--timeout", type=float, metavar="SECONDS", default=60, help="Without a byte, then try again."
)
@click.option(
    "--ca-bundle", type=PATH, metavar="FILE", help="PEM certificates to trust beside the usual."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be fetched, and from where.")
@talkative
def fetch(*, quiet: bool, verbose: int, **options: Any) -> None:  # noqa: ANN401  # click's own
    """Fetch the real source files, under the names that build looks for.

    A file that was cut short goes on where it stopped when the command is given again. Size and
    digest are checked where they are published. An address may end in #md5=... or #sha256=...
    to be checked too. A file that is there already is never overwritten.

    \b
    Examples:
      luc-load fetch
      luc-load fetch --only states,static -o downloads
      luc-load fetch --eluc https://example.org/eluc.nc
    """
    from loader.fetching.fetch import fetch as fetch_files  # noqa: PLC0415  # --help must be quick

    stop_orderly()
    reporter = terminal_reporter(quiet=quiet, verbose=verbose)
    report = fetch_files(reporter=reporter, **options)
    click.echo(report.text())
