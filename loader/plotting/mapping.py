"""Draw a map: in equal area, flat with every cell a whole number of pixels, or as a globe."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from loader.plotting.colours import (
    BORDER,
    COAST,
    DECADES,
    MISSING,
    OUTSIDE,
    SEA,
    ColourScale,
    colour_norm,
    colour_scale,
)
from loader.plotting.extra import styled
from loader.plotting.frame import (
    Domain,
    Frame,
    cells_at,
    coast_and_borders,
    frame_of,
    graticule,
    land_at,
)
from loader.plotting.projections import Flat, Orthographic
from loader.plotting.wording import (
    CODE,
    SYNTHETIC,
    balanced,
    in_power,
    number_in_words,
    power_of,
    sign_in_words,
    source_line,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from loader.plotting.gridded import MapData

__all__ = ["MapStyle", "bare_map", "draw_map", "mark_synthetic"]

_WIDTH, _HEIGHT = 9.0, 6.2
"""Largest size of a map, inches."""

_LEAST_WIDTH = 6.2
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.55, 0.3, 0.72, 1.42
"""Inches around the map."""


@dataclass(frozen=True)
class MapStyle:
    """The style of a map.

    Attributes
    ----------
    projection : {"equal-area", "flat", "globe"}
        Equal Earth for the world and Lambert's azimuthal equal-area projection for a region;
        degrees as they are; the Earth from afar.
    centre : tuple of float or None
        Latitude and longitude in the middle of the globe, degrees.
    limits : tuple of float or None
        Values of the end colours.
    scale : {"linear", "symlog", "quantile"}
    cmap : str or None
        A colour map of matplotlib.
    title : str or None
    dpi : int
        Pixels per inch.
    """

    projection: str = "equal-area"
    centre: tuple[float, float] | None = None
    limits: tuple[float, float] | None = None
    scale: str = "linear"
    cmap: str | None = None
    title: str | None = None
    dpi: int = 160


def draw_map(data: MapData, style: MapStyle | None = None, *, coast: bool = True) -> Figure:
    """Draw a map with its title, colour bar, units and source.

    Parameters
    ----------
    data : MapData
    style : MapStyle, optional
    coast : bool
        Whether coasts and borders are drawn, and cells end at the coast.

    Returns
    -------
    matplotlib.figure.Figure
        On a flat map, a cell is a whole number of pixels at the figure's `dpi`.

    Raises
    ------
    UsageError
        If an option of `style` is not valid.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415  # an extra

    how = style or MapStyle()
    scale = colour_scale(data, how.limits, how.scale, how.cmap)
    frame = frame_of(data.domain, how.projection, how.centre)
    columns, rows = _pixels(data, frame, how)
    width, height = columns / how.dpi, rows / how.dpi
    spare = max(0.0, _LEAST_WIDTH - width) / 2
    total = (width + _LEFT + _RIGHT + 2 * spare, height + _TOP + _BOTTOM)
    # Whole pixels around the map too, or its first pixel would be a part of one.
    left, bottom = round((_LEFT + spare) * how.dpi), round(_BOTTOM * how.dpi)
    pixels = (round(total[0] * how.dpi), round(total[1] * how.dpi))
    with styled():
        size = (pixels[0] / how.dpi, pixels[1] / how.dpi)
        figure = Figure(figsize=size, dpi=how.dpi, facecolor="white")
        axes = figure.add_axes(
            (left / pixels[0], bottom / pixels[1], columns / pixels[0], rows / pixels[1])
        )
        canvas = _canvas(data.domain, how.projection, how.centre, (columns, rows))
        _draw(axes, data, scale, frame, canvas, coast=coast)
        _legend(figure, data, scale, how.title or data.title)
    return figure


def bare_map(
    data: MapData, style: MapStyle | None = None, width: int = 1440
) -> tuple[Figure, ColourScale]:
    """Draw a map without anything around it, for a page; outside of it is transparent."""
    from matplotlib.figure import Figure  # noqa: PLC0415  # an extra

    how = style or MapStyle()
    scale = colour_scale(data, how.limits, how.scale, how.cmap)
    frame = frame_of(data.domain, how.projection, how.centre)
    columns, rows = width, round(width / frame.aspect)
    with styled():
        figure = Figure(figsize=(columns / how.dpi, rows / how.dpi), dpi=how.dpi)
        figure.patch.set_alpha(0)
        axes = figure.add_axes((0, 0, 1, 1))
        canvas = _canvas(data.domain, how.projection, how.centre, (columns, rows))
        _draw(axes, data, scale, frame, canvas, coast=True, labels=False)
    return figure, scale


def _pixels(data: MapData, frame: Frame, how: MapStyle) -> tuple[int, int]:
    """Return the size of the map in pixels; of a flat one, whole ones for each cell."""
    width = min(_WIDTH, _HEIGHT * frame.aspect) * how.dpi
    if how.projection != "flat":
        return round(width), round(width / frame.aspect)
    grid, domain = data.grid, frame.domain
    n_lon = round((domain.east - domain.west) / grid.step_lon)
    n_lat = round((domain.north - domain.south) / grid.step_lat)
    across = max(1, round(width / n_lon))
    down = max(1, round(across * grid.step_lat / grid.step_lon))
    return n_lon * across, n_lat * down


@dataclass(frozen=True)
class _Canvas:
    """The data that maps of one frame and size share: places and land of pixels, and lines."""

    longitude: npt.NDArray[np.float64]
    latitude: npt.NDArray[np.float64]
    land: npt.NDArray[np.bool_]
    coasts: list[npt.NDArray[np.float64]]
    borders: list[npt.NDArray[np.float64]]


@lru_cache(maxsize=1)
def _canvas(
    domain: Domain,
    projection: str,
    centre: tuple[float, float] | None,
    size: tuple[int, int],
) -> _Canvas:
    frame = frame_of(domain, projection, centre)
    longitude, latitude = frame.places(*size)
    coasts, borders = coast_and_borders()
    land = land_at(longitude, latitude)
    return _Canvas(longitude, latitude, land, frame.lines(coasts), frame.lines(borders))


def _draw(
    axes: Axes,
    data: MapData,
    scale: ColourScale,
    frame: Frame,
    canvas: _Canvas,
    *,
    coast: bool,
    labels: bool = True,
) -> None:
    from matplotlib.patches import Polygon  # noqa: PLC0415  # an extra

    picture = _paint(data, scale, canvas, coast=coast)
    left, right, bottom, top = frame.extent
    image = axes.imshow(picture, extent=frame.extent, aspect="auto", interpolation="none")
    axes.set(xlim=(left, right), ylim=(bottom, top))
    edge = Polygon(
        frame.outline.tolist(),
        closed=True,
        facecolor="none",
        edgecolor=COAST,
        linewidth=0.7,
        clip_on=False,
    )
    axes.add_patch(edge)
    image.set_clip_path(edge)
    step, meridians = graticule(frame.domain)
    if not isinstance(frame.projection, Flat):
        _lines(axes, frame.lines(meridians), "#8b99a3", 0.2)
    if coast:
        _lines(axes, canvas.borders, BORDER, 0.25)
        _lines(axes, canvas.coasts, COAST, 0.4)
    axes.set_axis_off()
    if labels:
        _degree_labels(axes, frame, step)


def _paint(
    data: MapData,
    scale: ColourScale,
    canvas: _Canvas,
    *,
    coast: bool,
) -> npt.NDArray[np.uint8]:
    """Return the colour of each pixel, shape (rows, columns, 4); each cell has one colour."""
    from matplotlib import colormaps  # noqa: PLC0415  # an extra
    from matplotlib.colors import to_rgb  # noqa: PLC0415  # an extra

    cells = cells_at(data.grid, canvas.longitude, canvas.latitude)
    values = np.where(cells >= 0, data.values.ravel()[cells], np.nan)
    # Where coasts are drawn they bound the colours, or a cell of the coast would colour the sea.
    land = canvas.land if coast else np.where(cells >= 0, data.land.ravel()[cells], 0) >= 0.5
    picture = np.zeros((*values.shape, 4), dtype=np.uint8)

    def paint(where: npt.NDArray[np.bool_], colour: str) -> None:
        picture[where] = [*(round(255 * part) for part in to_rgb(colour)), 255]

    paint(np.isfinite(canvas.longitude), SEA)
    paint(land, MISSING)
    if data.outside is not None:
        paint(land & np.where(cells >= 0, data.outside.ravel()[cells], True), OUTSIDE)
    shown = np.isfinite(values) & (land | (not coast))
    colours = colormaps[scale.name](colour_norm(scale)(values[shown]), bytes=True)
    picture[shown] = colours
    return picture


def _lines(axes: Axes, lines: list[npt.NDArray[np.float64]], colour: str, width: float) -> None:
    from matplotlib.collections import LineCollection  # noqa: PLC0415  # an extra

    # Drawn as pixels: all coasts of the Earth would give an SVG of megabytes.
    drawn = LineCollection(lines, colors=colour, linewidths=width, rasterized=True)
    axes.add_collection(drawn, autolim=False)


def _degree_labels(axes: Axes, frame: Frame, step: float) -> None:
    """Write degrees where parallels meet the left edge, and meridians the lower one."""
    if isinstance(frame.projection, Orthographic):
        return
    domain = frame.domain
    small: dict[str, Any] = {"fontsize": 7, "color": "#4a4a4a"}
    for latitude in np.arange(-90, 91, step):
        if domain.south <= latitude <= domain.north:
            west = np.array([domain.west + 1e-6])
            x, y = frame.projection.forward(west, np.array([latitude], np.float64))
            label = _degrees(float(latitude), "N", "S")
            axes.annotate(
                label, (x[0], y[0]), (-4, 0), textcoords="offset points",
                ha="right", va="center", annotation_clip=False, **small,
            )  # fmt: skip
    for longitude in np.arange(-360, 541, step):
        if domain.west < longitude < domain.east or (
            isinstance(frame.projection, Flat) and domain.west <= longitude <= domain.east
        ):
            nudge = 1e-6 if longitude <= domain.west else -1e-6
            east = np.array([longitude + nudge])
            x, y = frame.projection.forward(east, np.array([domain.south], np.float64))
            axes.annotate(
                _degrees(float((longitude + 180) % 360 - 180), "E", "W"), (x[0], y[0]), (0, -4),
                textcoords="offset points", ha="center", va="top", annotation_clip=False, **small,
            )  # fmt: skip


def _degrees(value: float, positive: str, negative: str) -> str:
    side = positive if value > 0 else negative
    return f"{abs(value):g}°" + (side if value % 180 else "")


def _legend(figure: Figure, data: MapData, scale: ColourScale, title: str) -> None:
    from matplotlib import colormaps  # noqa: PLC0415  # an extra
    from matplotlib.cm import ScalarMappable  # noqa: PLC0415  # an extra
    from matplotlib.patches import Rectangle  # noqa: PLC0415  # an extra
    from matplotlib.ticker import (  # noqa: PLC0415  # an extra
        FixedLocator,
        FuncFormatter,
        MaxNLocator,
        NullLocator,
    )

    width, height = figure.get_size_inches()
    half = min(0.33, 3.4 / width)
    left, right = 0.5 - half, 0.5 + half
    bar = figure.add_axes((left, 0.86 / height, right - left, 0.13 / height))
    mappable = ScalarMappable(colour_norm(scale), colormaps[scale.name])
    colours = figure.colorbar(mappable, cax=bar, orientation="horizontal", extend=scale.extend)
    colours.outline.set_linewidth(0.5)
    is_plain = data.unit in {"year", CODE}
    if is_plain:
        bar.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
    elif scale.kind != "linear":
        bar.xaxis.set_major_locator(FixedLocator(_ticks(scale)))
        bar.xaxis.set_minor_locator(NullLocator())
    else:
        # As many numbers as there is space for.
        count = int(2 * half * width * 1.3)
        bar.xaxis.set_major_locator(MaxNLocator(nbins=count, steps=[1, 2, 2.5, 5, 10]))
    # Powers of ten are written once, with the unit, and not at each number.
    power = 0 if is_plain else power_of(max(abs(scale.low), abs(scale.high)))
    label = FuncFormatter(lambda value, _: number_in_words(value / 10**power, is_plain=is_plain))
    if scale.kind == "yes-no":
        label = FuncFormatter(lambda value, _: "yes" if value else "no")
    bar.xaxis.set_major_formatter(label)
    sign = sign_in_words(data.sense)
    unit = "" if scale.kind == "yes-no" else in_power(data.unit, power)
    colours.set_label(f"{unit} ({sign})" if sign else unit, labelpad=3)
    heading = balanced(title, int(width * 10.5))
    figure.text(0.5, 1 - 0.47 / height, heading, ha="center", va="center", fontsize=11)
    lines = [scale.remark]
    if data.not_finite:
        lines[0] += f" {data.not_finite} infinite values are drawn as missing."
    source = source_line(data.source, synthetic=data.synthetic)
    lines += textwrap.wrap(source, int(width * 17), break_on_hyphens=False)[:2]
    small: dict[str, Any] = {"fontsize": 6.5, "color": "#4a4a4a", "va": "top"}
    figure.text(0.15 / width, 0.42 / height, "\n".join(filter(None, lines)), **small)
    if data.has_missing_land:
        spot = (right + 0.26 / width, 0.86 / height)
        size = (0.17 / width, 0.13 / height)
        figure.add_artist(
            Rectangle(
                spot, *size, facecolor=MISSING, edgecolor="none", transform=figure.transFigure
            )
        )
        figure.text(
            spot[0] + size[0] * 1.4, spot[1] + size[1] / 2, "no data", va="center", fontsize=7.5
        )
    if data.synthetic:
        mark_synthetic(figure, 0.17 / height)


def _ticks(scale: ColourScale) -> list[float]:
    """Return the numbers at the colour bar: limits of colours, or powers of ten."""
    if scale.kind == "yes-no":
        return [0.0, 1.0]
    if scale.bounds:
        return [*scale.bounds]
    largest = math.ceil(math.log10(max(abs(scale.low), abs(scale.high))))
    powers = [10.0**power for power in range(largest - DECADES, largest + 1)]
    signed = [-power for power in reversed(powers)] + [0.0] + powers
    return [value for value in signed if scale.low <= value <= scale.high]


def mark_synthetic(figure: Figure, down: float, middle: float = 0.5) -> None:
    """Write across the top that the picture is of synthetic data; `down` is the distance to it."""
    box = {"boxstyle": "round,pad=0.25", "facecolor": "#fff3cd", "edgecolor": "#7a5b00", "lw": 0.6}
    figure.text(
        middle,
        1 - down,
        SYNTHETIC,
        ha="center",
        va="center",
        fontsize=7,
        weight="bold",
        color="#5c4400",
        bbox=box,
    )
