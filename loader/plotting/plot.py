"""Draw the three kinds of pictures from a database to a file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from loader.errors import UsageError
from loader.exporting.selection import Selection
from loader.plotting.extra import require_matplotlib, styled
from loader.plotting.files import MAKER, checked_target, publish_file
from loader.plotting.gridded import change_data, map_data
from loader.plotting.series import series_data
from loader.plotting.session import opened
from loader.years import take_years, years_text

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure

    from loader.plotting.gridded import MapData
    from loader.plotting.mapping import MapStyle
    from loader.plotting.session import Session
    from loader.years import Years

__all__ = ["picture_bytes", "plot_change", "plot_map", "plot_series"]

_SUFFIXES = (".png", ".svg")
_DPI = (50, 1200)
"""Range of pixels per inch: with fewer, text is not legible; with more, a map takes gigabytes."""


def plot_map(
    database: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    column: str = "eluc",
    year: int | None = None,
    relation: str | None = None,
    projection: str = "equal-area",
    centre: tuple[float, float] | None = None,
    bbox: str | Sequence[float] | None = None,
    country: str | Sequence[str] = (),
    region: str | Sequence[str] = (),
    co2: bool = False,
    limits: tuple[float, float] | None = None,
    scale: str = "linear",
    cmap: str | None = None,
    unit: str | None = None,
    title: str | None = None,
    dpi: int = 160,
) -> Path:
    """Draw a map of a column or an expression in one year.

    Parameters
    ----------
    database : path
        The file, or its folder.
    out : path
        PNG or SVG, by its suffix. Only a picture that luc-load made is replaced.
    column : str
        A column, or a SQL expression of columns such as ``crop + urban``.
    year : int, optional
        The latest that has values, if not given.
    relation : str, optional
        The table or view that has the columns; by default the first one that has them.
    projection : {"equal-area", "flat", "globe"}
        Equal Earth for the world and Lambert's azimuthal equal-area projection for a region;
        degrees, with every cell in whole pixels; the Earth from afar.
    centre : tuple of float, optional
        Latitude and longitude in the middle of the globe, degrees.
    bbox : str or (west, south, east, north), optional
        The part of the Earth to draw, degrees.
    country : str or sequence of str
        Countries to draw, by name or ISO 3166-1 code.
    region : str or sequence of str
        Regions to draw, as LAYER/NAME, such as ``country/Brazil``.
    co2 : bool
        Whether emissions are given as carbon dioxide instead of carbon.
    limits : tuple of float, optional
        Values of the two end colours; by default quantiles of the values.
    scale : {"linear", "symlog", "quantile"}
        How values are spread over the colours.
    cmap : str, optional
        A colour map of matplotlib, instead of the default for the quantity.
    unit : str, optional
        The unit of an expression.
    title : str, optional
        A title instead of the default.
    dpi : int
        Pixels per inch, 50 to 1200.

    Returns
    -------
    pathlib.Path
        The picture, as named by `out`.

    Raises
    ------
    ExtraMissingError
        If matplotlib is not installed.
    UsageError
        If an option is not valid for this database.
    SourceError
        If the database does not exist, or was not made by luc-load.
    OutputError
        If the picture cannot be written.

    Examples
    --------
    >>> import loader
    >>> loader.plot_map("demo", "forest.png", column="forest", year=2016).name
    'forest.png'
    """
    selection = _selection(bbox, country, region)

    def read(session: Session) -> MapData:
        return map_data(session, column, year, relation, unit, selection, co2=co2)

    style = _style(projection, centre, limits, scale, cmap, title, dpi)
    return _plot(database, out, "plot map", read, style)


def plot_change(
    database: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    column: str = "forest",
    years: Years,
    relation: str | None = None,
    projection: str = "equal-area",
    centre: tuple[float, float] | None = None,
    bbox: str | Sequence[float] | None = None,
    country: str | Sequence[str] = (),
    region: str | Sequence[str] = (),
    co2: bool = False,
    limits: tuple[float, float] | None = None,
    scale: str = "linear",
    cmap: str | None = None,
    unit: str | None = None,
    title: str | None = None,
    dpi: int = 160,
) -> Path:
    """Draw a map of the change of a column or an expression between two years.

    Parameters, result and errors are those of `plot_map`; `years` are the first and the last, in
    any form of `plot_series`, neither of them open.

    Examples
    --------
    >>> import loader
    >>> loader.plot_change("demo", "change.svg", column="crop", years=(2015, 2017)).name
    'change.svg'
    """
    span = _two_years(years)
    selection = _selection(bbox, country, region)

    def read(session: Session) -> MapData:
        return change_data(session, column, span, relation, unit, selection, co2=co2)

    style = _style(projection, centre, limits, scale, cmap, title, dpi)
    return _plot(database, out, "plot change", read, style)


def plot_series(
    database: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    column: str | Sequence[str] = (),
    at: tuple[float, float] | Sequence[tuple[float, float]] = (),
    country: str | Sequence[str] = (),
    region: str | Sequence[str] = (),
    bbox: str | Sequence[float] | None = None,
    years: Years | None = None,
    co2: bool = False,
    style: str = "areas",
    title: str | None = None,
    dpi: int = 160,
) -> Path:
    """Draw land use and emissions, or any columns, of places and regions year by year.

    Parameters
    ----------
    database, out
        As for `plot_map`.
    column : str or sequence of str
        Columns or expressions, each in a panel of its own. If not given, land use and emissions of
        one place; emissions and forest of several.
    at : (latitude, longitude), or a sequence of them
        Places; the nearest cell of each.
    country : str or sequence of str
        Countries, by name or ISO 3166-1 code.
    region : str or sequence of str
        Regions, as LAYER/NAME, such as ``country/Brazil``.
    bbox : str or (west, south, east, north), optional
        The cells whose centres are in this box, degrees. All cells together if no place, country,
        region or box is given.
    years : int, str, range, slice or (first, last), optional
        One year, "FIRST:LAST", or first and last year, both included; either may be None.
    co2 : bool
        Whether emissions are given as carbon dioxide instead of carbon.
    style : {"areas", "lines"}
        Whether land uses are stacked or drawn as lines.
    title, dpi
        As for `plot_map`.

    Returns
    -------
    pathlib.Path
        The picture.

    Raises
    ------
    ExtraMissingError, UsageError, SourceError, OutputError
        As for `plot_map`.

    Examples
    --------
    >>> import loader
    >>> loader.plot_series("demo", "london.png", at=(51.507, -0.127)).name
    'london.png'
    """
    target = _ready(out, "plot series")
    _check_dpi(dpi)
    from loader.plotting.charts import draw_series  # noqa: PLC0415  # needs the extra

    places = _places(at)
    selection = _selection(bbox, country, region)
    span = (None, None) if years is None else take_years(years)
    columns = (column,) if isinstance(column, str) else tuple(column)
    with opened(database) as session:
        data = series_data(session, columns, places, selection, span, co2=co2)
    figure = draw_series(data, style=style, title=title, dpi=dpi)
    _publish(figure, target, title or data.title)
    return Path(out)


def picture_bytes(figure: Figure, kind: str, title: str) -> bytes:
    """Return a figure as a file's content, the same bytes for the same figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    kind : {"png", "svg"}
    title : str
        What it shows, for the metadata.
    """
    maker = {"Software": MAKER} if kind == "png" else {"Creator": MAKER, "Date": None}
    written = io.BytesIO()
    with styled():
        figure.savefig(
            written,
            format=kind,
            dpi=figure.dpi,
            facecolor=figure.get_facecolor(),
            metadata={"Title": title, **maker},
        )
    return written.getvalue()


def _two_years(years: Years) -> tuple[int, int]:
    first, last = take_years(years)
    if first is None or last is None:
        text = years if isinstance(years, str) else years_text((first, last))
        raise UsageError(f"--years is {text!r}; expected two years, such as 1990:2020")
    return first, last


def _ready(out: str | os.PathLike[str], what: str) -> Path:
    require_matplotlib(f"luc-load {what}")
    return checked_target(out, _SUFFIXES)


def _plot(
    database: str | os.PathLike[str],
    out: str | os.PathLike[str],
    what: str,
    read: Callable[[Session], MapData],
    style: MapStyle,
) -> Path:
    target = _ready(out, what)
    from loader.plotting.mapping import draw_map  # noqa: PLC0415  # needs the extra

    with opened(database) as session:
        data = read(session)
    _publish(draw_map(data, style), target, style.title or data.title)
    return Path(out)


def _publish(figure: Figure, target: Path, title: str) -> None:
    publish_file(target, picture_bytes(figure, target.suffix.lower()[1:], title))


def _selection(
    bbox: str | Sequence[float] | None, country: str | Sequence[str], region: str | Sequence[str]
) -> Selection:
    return Selection.parse(bbox=bbox, countries=country, regions=region)


def _style(
    projection: str,
    centre: tuple[float, float] | None,
    limits: tuple[float, float] | None,
    scale: str,
    cmap: str | None,
    title: str | None,
    dpi: int,
) -> MapStyle:
    """Return the style of a map, after the checks that need no data."""
    from loader.plotting.mapping import MapStyle  # noqa: PLC0415  # needs the extra

    if projection not in {"equal-area", "flat", "globe"}:
        raise UsageError(f"--projection is {projection!r}; expected equal-area, flat or globe")
    if centre is not None:
        latitude, longitude = centre
        if not (-90 <= latitude <= 90 and -540 <= longitude <= 540):
            raise UsageError(
                f"--centre is {latitude:g} {longitude:g}; expected a latitude in -90..90 and a "
                "longitude in degrees"
            )
    _check_dpi(dpi)
    return MapStyle(projection, centre, limits, scale, cmap, title, dpi)


def _check_dpi(dpi: int) -> None:
    least, most = _DPI
    if not least <= dpi <= most:
        raise UsageError(f"--dpi is {dpi}; expected {least} to {most}")


def _places(
    at: tuple[float, float] | Sequence[tuple[float, float]],
) -> tuple[tuple[float, float], ...]:
    """Return a single place or a sequence of places as a tuple."""
    try:
        if len(at) == 2 and not isinstance(at[0], tuple | list):
            latitude, longitude = at
            return ((float(latitude), float(longitude)),)  # type: ignore[arg-type]  # two numbers
        return tuple((float(lat), float(lon)) for lat, lon in at)  # type: ignore[misc]  # pairs
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"at is {at!r}; expected (latitude, longitude), or a sequence of such pairs"
        ) from error
