"""`luc-load fetch`."""

from __future__ import annotations

from typing import Any

import click

from loader.commands.common import (
    PATH,
    Command,
    source_names,
    source_options,
    take_sources,
    talkative,
    terminal_reporter,
)
from loader.schema import Source
from loader.stopping import stop_orderly

__all__ = ["fetch"]


def _help_of_source(source: Source) -> str:
    place = "instead" if source.download else "(none is known)"
    return f"Download {source.title} from this address {place}."


@click.command(
    cls=Command,
    context_settings={"show_default": True},
    short_help="Download the real source files.",
)
@click.option(
    "-o", "--out", "--raw", "raw", type=PATH, metavar="DIR", default="raw", help="Output folder."
)
@click.option("--all", is_flag=True, help="Download all files: 29 GB plus the emissions.")
@click.option(
    "--only",
    metavar="NAMES",
    help=f"Any of {source_names()}, separated by commas.  [default: eluc,states,static]",
)
@click.option(
    "--edition",
    type=click.Choice(["gcb2022", "v2h"]),
    default="gcb2022",
    help="Edition of the files: BLUE and LUH2-GCB2022, or LUH2 v2h (land use only, 850 to 2015).",
)
@source_options(_help_of_source, metavar="URL")
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
      luc-load fetch --edition v2h -o v2h
      luc-load fetch --eluc https://example.org/eluc.nc
    """
    from loader.fetching.fetch import fetch as fetch_files  # noqa: PLC0415  # --help must be quick

    stop_orderly()
    reporter = terminal_reporter(quiet=quiet, verbose=verbose)
    report = fetch_files(sources=take_sources(options), reporter=reporter, **options)
    click.echo(report.text())
