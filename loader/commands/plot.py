"""`luc-load plot`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from loader.commands.common import DATABASE, PATH, Group, talkative, version
from loader.commands.completion import (
    complete_columns,
    complete_countries,
    complete_regions,
)
from loader.stopping import stop_orderly

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["plot"]

_database = click.argument("database", metavar="[DB]", type=PATH, default=DATABASE)
_relation = click.option(
    "--from",
    "relation",
    metavar="NAME",
    help="Table or view to read.  [default: the first that has the columns]",
)
_country = click.option(
    "--country",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_countries,
    help="Country, by name or ISO 3166-1 code; may be repeated.",
)
_region = click.option(
    "--region",
    multiple=True,
    metavar="LAYER/NAME",
    shell_complete=complete_regions,
    help="Region, such as country/Brazil; may be repeated.",
)
_co2 = click.option("--co2", is_flag=True, help="Emissions as carbon dioxide instead of carbon.")


def _column(default: str) -> Callable[..., Any]:
    return click.option(
        "--column",
        shell_complete=complete_columns,
        metavar="SQL",
        default=default,
        show_default=True,
        help="Column, or expression of columns.",
    )


def _picture_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option("--title", metavar="TEXT", help="Title instead of the default one."),
        click.option(
            "--dpi", type=int, default=160, show_default=True, help="Pixels per inch, 50 to 1200."
        ),
        click.option(
            "-o",
            "--out",
            type=PATH,
            metavar="FILE",
            required=True,
            help="Picture to write, .png or .svg.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _map_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        _relation,
        click.option(
            "--projection",
            type=click.Choice(["equal-area", "flat", "globe"]),
            default="equal-area",
            show_default=True,
            help="Projection: equal-area is Equal Earth for the world and Lambert's for a region, "
            "flat is degrees with cells of whole pixels, globe is the Earth from afar.",
        ),
        click.option(
            "--centre",
            type=(float, float),
            metavar="LAT LON",
            default=None,
            help="Middle of the globe.",
        ),
        click.option("--bbox", metavar="W,S,E,N", help="Only this part of the Earth, in degrees."),
        _country,
        _region,
        _co2,
        click.option(
            "--range",
            "limits",
            type=(float, float),
            metavar="LOW HIGH",
            default=None,
            help="Values of the end colours.  [default: the 98 % quantile]",
        ),
        click.option(
            "--scale",
            type=click.Choice(["linear", "symlog", "quantile"]),
            default="linear",
            show_default=True,
            help="How values are spread over the colours.",
        ),
        click.option(
            "--cmap",
            metavar="NAME",
            help="Colour map of matplotlib.  [default: one that suits the quantity]",
        ),
        click.option("--unit", metavar="TEXT", help="Unit of an expression, for the label."),
        _picture_options,
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

    Needs matplotlib: pip install "luc-load[plot]". A picture that luc-load made is replaced; any
    other file is left alone.

    \b
    Examples:
      luc-load plot map --year 2020 -o eluc.png
      luc-load plot series --region country/Brazil -o brazil.svg
    """


@plot.command("map")
@_database
@_column("eluc")
@click.option("--year", type=int, help="Year to draw.  [default: the latest with values]")
@_map_options
@talkative
def map_(*, database: str, out: str, **options: Any) -> None:  # noqa: ANN401  # click's own
    """Draw a column or an expression in one year.

    \b
    Examples:
      luc-load plot map luc-data --year 2020 --co2 -o eluc.png
      luc-load plot map --country Brazil --column forest -o forest.svg
      luc-load plot map --column "crop + urban" --projection globe --centre 50 10 -o used.svg
    """
    from loader.plotting.plot import plot_map  # noqa: PLC0415  # --help must be quick

    stop_orderly()
    click.echo(plot_map(database, out, **_of_picture(options)))


@plot.command()
@_database
@_column("forest")
@click.option("--years", metavar="FIRST:LAST", required=True, help="The two years to compare.")
@_map_options
@talkative
def change(*, database: str, out: str, years: str, **options: Any) -> None:  # noqa: ANN401  # the same
    """Draw how a column or an expression changed between two years.

    \b
    Example:
      luc-load plot change luc-data --column forest --years 1990:2020 -o forest.png
    """
    from loader.plotting.plot import plot_change  # noqa: PLC0415  # --help must be quick

    stop_orderly()
    click.echo(plot_change(database, out, years=years, **_of_picture(options)))


@plot.command()
@_database
@click.option(
    "--column",
    multiple=True,
    shell_complete=complete_columns,
    metavar="SQL",
    help="Column, or expression of columns; may be repeated.  [default: land use and emissions]",
)
@click.option(
    "--at",
    type=(float, float),
    multiple=True,
    metavar="LAT LON",
    help="Place, of which the nearest cell is drawn; may be repeated.",
)
@_country
@_region
@click.option("--bbox", metavar="W,S,E,N", help="The cells with their centre in this box, degrees.")
@click.option("--years", metavar="FIRST:LAST", help="Both ends included; either may be left open.")
@_co2
@click.option(
    "--style",
    type=click.Choice(["areas", "lines"]),
    default="areas",
    show_default=True,
    help="Land uses stacked, or as lines.",
)
@_picture_options
@talkative
def series(*, database: str, out: str, years: str | None, **options: Any) -> None:  # noqa: ANN401
    """Draw land use and emissions, or any columns, year by year.

    Without --at, --country, --region and --bbox, the series is that of all cells of the database.

    \b
    Examples:
      luc-load plot series luc-data -o world.png
      luc-load plot series luc-data --at 51.507 -0.127 -o london.png
      luc-load plot series --country Brazil --country Indonesia --column eluc --co2 -o two.svg
    """
    from loader.plotting.plot import plot_series  # noqa: PLC0415  # --help must be quick

    stop_orderly()
    click.echo(plot_series(database, out, years=years, **_of_picture(options)))
