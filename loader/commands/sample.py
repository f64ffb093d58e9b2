"""`luc-load sample`."""

from __future__ import annotations

import click

from loader.commands.common import PATH, Command, source_names, talkative, terminal_reporter
from loader.stopping import stop_orderly

__all__ = ["sample"]


@click.command(cls=Command, context_settings={"show_default": True})
@click.option("-o", "--out", type=PATH, metavar="DIR", default="sample", help="Output folder.")
@click.option(
    "--years",
    metavar="FIRST:LAST",
    default=":",
    show_default=False,
    help="Within 850:2021 (v2h: 2014, luh3: 2499). States have one more year at the end; "
    "emissions begin in 1850.  [default: 1990:2021, v2h: 1990:2014]",
)
@click.option(
    "--resolution",
    type=click.Choice(["0.25", "0.5", "1", "2"]),
    default="0.25",
    help="Size of a cell in degrees.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=False,
    help="Seed of the random numbers (default: 0).",
)
@click.option(
    "--only",
    metavar="NAMES",
    help=f"Any of {source_names()}, separated by commas.  [default: all]",
)
@click.option(
    "--edition",
    type=click.Choice(["gcb2022", "v2h", "luh3"]),
    default="gcb2022",
    help="Edition of LUH2 whose variables, units and time axis the land-use files have.",
)
@talkative
def sample(
    *,
    out: str,
    years: str,
    resolution: str,
    seed: int,
    only: str | None,
    edition: str,
    quiet: bool,
    verbose: int,
) -> None:
    """Write synthetic source files in the layout of the real files.

    Their attributes mark them as synthetic. A real file is never overwritten.

    \b
    Examples:
      luc-load sample
      luc-load sample -o small --years 2010:2019 --resolution 2 --only eluc,states
    """
    from loader.sampling.command import make_sample  # noqa: PLC0415  # --help must be quick

    stop_orderly()
    reporter = terminal_reporter(quiet=quiet, verbose=verbose)
    written = make_sample(out, years, float(resolution), seed, only, reporter, edition)
    for path in written:
        click.echo(path)
