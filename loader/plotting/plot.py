"""The three kinds of pictures, from a database to a file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from loader.errors import UsageError
from loader.options import parse_years
from loader.plotting.extra import require_matplotlib, styled
from loader.plotting.files import MAKER, checked_target, publish_file
from loader.plotting.gridded import change_data, map_data
from loader.plotting.series import series_data
from loader.plotting.session import opened

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from loader.plotting.gridded import MapData
    from loader.plotting.session import Session

__all__ = ["picture_bytes", "plot_change", "plot_map", "plot_series", "two_years"]

_SUFFIXES = (".png", ".svg")


def plot_map(
    database: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    column: str = "eluc",
    year: int | None = None,
    relation: str | None = None,
    projection: str = "flat",
    centre: tuple[float, float] = (0.0, 0.0),
    limits: tuple[float, float] | None = None,
    unit: str | None = None,
) -> Path:
    """Draw a map of a column or an expression in one year.

    Parameters
    ----------
    database : path
        The file, or the folder it lies in.
    out : path
        PNG or SVG, by its suffix. A picture that luc-load made is replaced, no other file.
    column : str
        A column, or a SQL expression of columns such as ``crop + urban``.
    year : int, optional
        The latest that has values, if not given.
    relation : str, optional
        The table or view that has the columns; found by them if not given.
    projection : {"flat", "globe"}
    centre : tuple of float
        Latitude and longitude in the middle of the globe, degrees.
    limits : tuple of float, optional
        Values of the two end colours; else quantiles of the values.
    unit : str, optional
        The unit of an expression.

    Returns
    -------
    pathlib.Path
        The picture, as it was named.

    Raises
    ------
    ExtraMissingError
        If matplotlib is not installed.
    UsageError
        If an option has no meaning here.
    SourceError
        If there is no such database, or luc-load did not make it.
    OutputError
        If the picture cannot be written.
    """

    def read(session: Session) -> MapData:
        return map_data(session, column, year, relation, unit)

    return _plot(database, out, "plot map", read, projection, centre, limits)


def plot_change(
    database: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    column: str,
    years: tuple[int, int],
    relation: str | None = None,
    projection: str = "flat",
    centre: tuple[float, float] = (0.0, 0.0),
    limits: tuple[float, float] | None = None,
    unit: str | None = None,
) -> Path:
    """Draw a map of the change of a column or an expression between two years.

    Parameters, result and errors are those of `plot_map`; `years` are the first and the last.
    """

    def read(session: Session) -> MapData:
        return change_data(session, column, years, relation, unit)

    return _plot(database, out, "plot change", read, projection, centre, limits)


def plot_series(
    database: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    at: tuple[float, float] | None = None,
    country: str | None = None,
    years: tuple[int | None, int | None] = (None, None),
) -> Path:
    """Draw land use and emissions of a place, a country or the globe, year by year.

    Parameters
    ----------
    database, out
        As for `plot_map`.
    at : tuple of float, optional
        Latitude and longitude of a place; its nearest cell is meant.
    country : str, optional
        Name, ISO 3166-1 letters or number of a country.
    years : tuple of (int or None)
        First and last year, both included.

    Returns
    -------
    pathlib.Path
        The picture.

    Raises
    ------
    ExtraMissingError, UsageError, SourceError, OutputError
        As for `plot_map`.
    """
    target = _ready(out, "plot series")
    from loader.plotting.charts import draw_series  # noqa: PLC0415  # needs the extra

    with opened(database) as session:
        data = series_data(session, at, country, years)
    _publish(draw_series(data), target, data.place)
    return Path(out)


def two_years(text: str) -> tuple[int, int]:
    """Parse FIRST:LAST where both are needed.

    Raises
    ------
    UsageError
        If one of them is left open.
    """
    first, last = parse_years(text)
    if first is None or last is None:
        raise UsageError(f"--years is {text!r}; expected two years, such as 1990:2020")
    return first, last


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


def _ready(out: str | os.PathLike[str], what: str) -> Path:
    require_matplotlib(f"luc-load {what}")
    return checked_target(out, _SUFFIXES)


def _plot(
    database: str | os.PathLike[str],
    out: str | os.PathLike[str],
    what: str,
    read: Callable[[Session], MapData],
    projection: str,
    centre: tuple[float, float],
    limits: tuple[float, float] | None,
) -> Path:
    target = _ready(out, what)
    _refuse_centre(centre)
    from loader.plotting.mapping import draw_map  # noqa: PLC0415  # needs the extra

    with opened(database) as session:
        data = read(session)
    _publish(draw_map(data, projection, centre, limits), target, data.title)
    return Path(out)


def _publish(figure: Figure, target: Path, title: str) -> None:
    publish_file(target, picture_bytes(figure, target.suffix.lower()[1:], title))


def _refuse_centre(centre: tuple[float, float]) -> None:
    latitude, longitude = centre
    if not (-90 <= latitude <= 90 and -540 <= longitude <= 540):
        raise UsageError(
            f"--centre is {latitude:g} {longitude:g}; expected a latitude in -90..90 and a "
            "longitude in degrees"
        )
