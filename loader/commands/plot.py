"""`luc-load plot`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from loader.commands.common import DATABASE, PATH, Group, talkative, version
from loader.commands.completion import complete_columns, complete_countries
from loader.stopping import stop_orderly

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["plot"]

_database = click.argument("database", metavar="[DB]", type=PATH, default=DATABASE)
_out = click.option(
    "-o", "--out", type=PATH, metavar="FILE", required=True, help="The picture, .png or .svg."
)
_relation = click.option(
    "--from", "relation", metavar="NAME", help="Table or view of the columns; else found by them."
)


def _map_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option(
            "--projection",
            type=click.Choice(["flat", "globe"]),
            default="flat",
            show_default=True,
            help="Every cell in whole pixels, or the Earth from afar.",
        ),
        click.option(
            "--centre",
            type=(float, float),
            metavar="LAT LON",
            default=(0.0, 0.0),
            help="Middle of the globe.",
        ),
        click.option(
            "--range",
            "limits",
            type=(float, float),
            metavar="LOW HIGH",
            default=None,
            help="Values of the end colours; else the 98 % quantile.",
        ),
        click.option("--unit", metavar="TEXT", help="Unit of an expression, for the label."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _of_picture(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in {"quiet", "verbose"}}


@click.group(cls=Group)
@version
def plot() -> None:
    """Draw maps and time series as PNG or SVG.

    Needs matplotlib: pip install "luc-load[plot]". A picture that luc-load made is replaced by one
    of the same name, any other file is left alone.

    \b
    Examples:
      luc-load plot map --year 2020 -o eluc.png
      luc-load plot series --country Brazil -o brazil.svg
    """


@plot.command("map")
@_database
@click.option(
    "--column",
    shell_complete=complete_columns,
    metavar="SQL",
    default="eluc",
    show_default=True,
    help="A column, or an expression of columns.",
)
@click.option("--year", type=int, help="The latest with values if left out.")
@_relation
@_map_options
@_out
@talkative
def map_(*, database: str, out: str, **options: Any) -> None:  # noqa: ANN401  # click's own
    """Draw a column or an expression in one year.

    \b
    Examples:
      luc-load plot map luc-data --year 2020 -o eluc.png
      luc-load plot map --column "crop + urban" --projection globe --centre 50 10 -o used.svg
    """
    from loader.plotting.plot import plot_map  # noqa: PLC0415  # --help must be quick

    stop_orderly()
    click.echo(plot_map(database, out, **_of_picture(options)))


@plot.command()
@_database
@click.option(
    "--column",
    shell_complete=complete_columns,
    metavar="SQL",
    default="forest",
    show_default=True,
    help="A column, or an expression of columns.",
)
@click.option(
    "--years", metavar="FIRST:LAST", required=True, help="The two years that are compared."
)
@_relation
@_map_options
@_out
@talkative
def change(*, database: str, out: str, years: str, **options: Any) -> None:  # noqa: ANN401  # the same
    """Draw how a column or an expression changed between two years.

    \b
    Example:
      luc-load plot change luc-data --column forest --years 1990:2020 -o forest.png
    """
    from loader.plotting.plot import plot_change, two_years  # noqa: PLC0415  # --help must be quick

    stop_orderly()
    click.echo(plot_change(database, out, years=two_years(years), **_of_picture(options)))


@plot.command()
@_database
@click.option("--at", type=(float, float), metavar="LAT LON", default=None, help="A place.")
@click.option(
    "--country",
    metavar="NAME",
    shell_complete=complete_countries,
    help="Name or ISO 3166-1 code; else the globe.",
)
@click.option("--years", metavar="FIRST:LAST", help="Both ends included; either may be left open.")
@_out
@talkative
def series(*, database: str, out: str, years: str | None, **options: Any) -> None:  # noqa: ANN401
    """Draw land use and emissions of a place, a country or the globe, year by year.

    \b
    Examples:
      luc-load plot series luc-data -o globe.png
      luc-load plot series luc-data --at 51.507 -0.127 -o london.png
      luc-load plot series luc-data --country Brazil --years 1950: -o brazil.svg
    """
    from loader.options import parse_years  # noqa: PLC0415  # --help must be quick
    from loader.plotting.plot import plot_series  # noqa: PLC0415  # the same

    stop_orderly()
    span = parse_years(years) if years is not None else (None, None)
    click.echo(plot_series(database, out, years=span, **_of_picture(options)))
