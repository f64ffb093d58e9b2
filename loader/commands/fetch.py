"""`luc-load fetch`."""

from __future__ import annotations

from typing import Any

import click

from loader.commands.common import PATH, Command, talkative, terminal_reporter
from loader.stopping import stop_orderly

__all__ = ["fetch"]


@click.command(cls=Command, context_settings={"show_default": True})
@click.option(
    "-o", "--out", "--raw", "raw", type=PATH, metavar="DIR", default="raw", help="Output folder."
)
@click.option("--all", is_flag=True, help="Download all five files: 29 GB plus the emissions.")
@click.option(
    "--only",
    metavar="NAMES",
    help="Any of eluc, states, transitions, management, static, separated by commas.  "
    "[default: eluc,states,static]",
)
@click.option("--eluc", metavar="URL", help="Download BLUE ELUC from this address instead.")
@click.option("--states", metavar="URL", help="The same for the LUH2 states.")
@click.option("--transitions", metavar="URL", help="The same for the LUH2 transitions.")
@click.option("--management", metavar="URL", help="The same for the LUH2 management.")
@click.option("--static", metavar="URL", help="The same for the LUH2 static grid.")
@click.option(
    "--workers",
    type=int,
    metavar="N",
    default=4,
    help="Number of files to download at the same time.",
)
@click.option(
    "--retries",
    type=int,
    metavar="N",
    default=5,
    help="Number of consecutive attempts that may bring no data.",
)
@click.option(
    "--timeout",
    type=float,
    metavar="SECONDS",
    default=60,
    help="Seconds without data before reconnecting.",
)
@click.option(
    "--ca-bundle",
    type=PATH,
    metavar="FILE",
    help="PEM file of certificates to trust in addition to the usual ones.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be downloaded, and from where.")
@talkative
def fetch(*, quiet: bool, verbose: int, **options: Any) -> None:  # noqa: ANN401  # click's own
    """Download the real source files, under the names that build looks for.

    Run the same command again to resume an interrupted download. Size and digest are verified where
    they are published; an address of your own may end in #md5=... or #sha256=... to be verified. An
    existing file is never overwritten.

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
