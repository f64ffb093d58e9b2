"""Draws a map: flat, every cell a whole number of pixels, or a globe."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from loader.plotting.coast import coast_lines
from loader.plotting.colours import COAST, MISSING, SEA, ColourScale, colour_scale
from loader.plotting.extra import styled
from loader.plotting.globe import cells_seen, graticule, seen_lines
from loader.plotting.wording import SYNTHETIC, sign_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from loader.plotting.gridded import MapData

__all__ = ["bare_map", "draw_map", "mark_synthetic"]

_MAP_WIDTH, _MAP_HEIGHT = 1440, 900
"""The most pixels that a flat map of a coarser grid is enlarged to."""

_LEAST_WIDTH = 900
_GLOBE = 900
_DOTS = 144
_LEFT, _RIGHT, _TOP, _BOTTOM = 92, 44, 104, 210
"""Pixels around the map."""


def draw_map(
    data: MapData,
    projection: str = "flat",
    centre: tuple[float, float] = (0.0, 0.0),
    limits: tuple[float, float] | None = None,
    *,
    coast: bool = True,
) -> Figure:
    """Draw a map with its title, colour bar, units and source.

    Parameters
    ----------
    data : MapData
    projection : {"flat", "globe"}
        Plate carree, or orthographic.
    centre : tuple of float
        Latitude and longitude in the middle of the globe, degrees.
    limits : tuple of float, optional
        Values of the end colours.
    coast : bool
        Whether the coast is drawn.

    Returns
    -------
    matplotlib.figure.Figure
        Its `dpi` is the one at which a cell of a flat map is a whole number of pixels.

    Raises
    ------
    UsageError
        If `limits` are no range.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415  # an extra

    scale = colour_scale(data, limits)
    flat = projection == "flat"
    width, height = _map_pixels(data) if flat else (_GLOBE, _GLOBE)
    left, right, top, bottom = (
        round(margin * max(1.0, width / _MAP_WIDTH)) for margin in (_LEFT, _RIGHT, _TOP, _BOTTOM)
    )
    dots = _DOTS * max(1.0, width / _MAP_WIDTH)
    spare = max(0, _LEAST_WIDTH - width) // 2
    total = (width + left + right + 2 * spare, height + top + bottom)
    with styled():
        figure = Figure(figsize=(total[0] / dots, total[1] / dots), dpi=dots, facecolor="white")
        box = ((left + spare) / total[0], bottom / total[1], width / total[0], height / total[1])
        axes = figure.add_axes(box)
        image = (
            _flat(axes, data, scale, coast=coast)
            if flat
            else _globe(axes, data, scale, centre, coast=coast)
        )
        _legend(figure, image, data, scale, dots)
    return figure


def bare_map(
    data: MapData, limits: tuple[float, float] | None = None
) -> tuple[Figure, ColourScale]:
    """Draw a flat map without anything around it, the sea transparent."""
    from matplotlib.figure import Figure  # noqa: PLC0415  # an extra

    scale = colour_scale(data, limits)
    width, height = _map_pixels(data)
    with styled():
        figure = Figure(figsize=(width / _DOTS, height / _DOTS), dpi=_DOTS)
        figure.patch.set_alpha(0)
        axes = figure.add_axes((0, 0, 1, 1))
        _flat(axes, data, scale, coast=True, sea=False)
        axes.set_axis_off()
    return figure, scale


def _map_pixels(data: MapData) -> tuple[int, int]:
    grid = data.grid
    across = max(1, min(_MAP_WIDTH // grid.n_lon, _MAP_HEIGHT // grid.n_lat))
    down = max(1, round(across * grid.step_lat / grid.step_lon))
    return grid.n_lon * across, grid.n_lat * down


def _flat(axes: Axes, data: MapData, scale: ColourScale, *, coast: bool, sea: bool = True) -> Any:  # noqa: ANN401  # matplotlib's AxesImage
    grid = data.grid
    west = grid.west - grid.step_lon / 2
    north = grid.north + grid.step_lat / 2
    extent = (west, west + grid.n_lon * grid.step_lon, north - grid.n_lat * grid.step_lat, north)
    image = _images(axes, data.values, data.land, scale, extent, sea=sea)
    if coast:
        _lines(axes, coast_lines(grid, data.land), COAST, 0.35)
    axes.set(xlim=extent[:2], ylim=extent[2:])
    _degrees(axes.xaxis, extent[1] - extent[0], "E", "W")
    _degrees(axes.yaxis, extent[3] - extent[2], "N", "S")
    axes.tick_params(direction="out", length=3)
    return image


def _globe(
    axes: Axes, data: MapData, scale: ColourScale, centre: tuple[float, float], *, coast: bool
) -> Any:  # noqa: ANN401  # matplotlib's AxesImage
    from matplotlib.patches import Circle  # noqa: PLC0415  # an extra

    cells = cells_seen(data.grid, centre, _GLOBE)
    values = np.where(cells >= 0, data.values.ravel()[cells], np.nan)
    land = np.where(cells >= 0, data.land.ravel()[cells], np.float32(0))
    axes.add_patch(Circle((0, 0), 1, facecolor=SEA, edgecolor="none", zorder=0))
    # The picture is cut by the limb itself: pixels that it crosses are half covered.
    image = _images(axes, values, land, scale, (-1, 1, -1, 1), sea=False)
    for layer in axes.images:
        layer.set_clip_path(Circle((0, 0), 1, transform=axes.transData))
    _lines(axes, seen_lines(graticule(), centre), "#6b7b85", 0.25)
    if coast:
        _lines(axes, seen_lines(coast_lines(data.grid, data.land), centre), COAST, 0.4)
    axes.add_patch(
        Circle((0, 0), 1, facecolor="none", edgecolor=COAST, linewidth=0.7, clip_on=False)
    )
    axes.set(xlim=(-1, 1), ylim=(-1, 1))
    axes.set_axis_off()
    return image


def _images(
    axes: Axes,
    values: npt.NDArray[np.float64],
    land: npt.NDArray[np.float32],
    scale: ColourScale,
    extent: tuple[float, float, float, float],
    *,
    sea: bool,
) -> Any:  # noqa: ANN401  # matplotlib's AxesImage
    """Draw missing land, then the values: nearest everywhere, so that a cell has one colour."""
    from matplotlib.colors import to_rgb  # noqa: PLC0415  # an extra

    if sea:
        axes.set_facecolor(SEA)
    else:
        axes.patch.set_alpha(0)
    under = np.zeros((*values.shape, 4), dtype=np.float32)
    under[(land >= 0.5) & np.isnan(values)] = (*to_rgb(MISSING), 1)
    axes.imshow(under, extent=extent, aspect="auto", interpolation="none")
    return axes.imshow(
        np.ma.masked_invalid(values),
        extent=extent,
        aspect="auto",
        interpolation="none",
        cmap=scale.name,
        vmin=scale.low,
        vmax=scale.high,
    )


def _lines(axes: Axes, lines: list[npt.NDArray[np.float64]], colour: str, width: float) -> None:
    from matplotlib.collections import LineCollection  # noqa: PLC0415  # an extra

    # As pixels: the coast of the finest grid would make an SVG of megabytes.
    drawn = LineCollection(lines, colors=colour, linewidths=width, rasterized=True)
    axes.add_collection(drawn, autolim=False)


def _degrees(axis: Any, span: float, positive: str, negative: str) -> None:  # noqa: ANN401
    from matplotlib.ticker import FuncFormatter, MultipleLocator  # noqa: PLC0415  # an extra

    step = next((step for step in (0.5, 1, 2, 5, 10, 15, 30) if span / step <= 8), 60)

    def label(value: float, _position: int | None) -> str:
        value = (value + 180) % 360 - 180
        side = positive if value > 0 else negative
        return f"{abs(value):g}°" + (side if value % 180 else "")

    axis.set_major_locator(MultipleLocator(step))
    axis.set_major_formatter(FuncFormatter(label))


def _legend(figure: Figure, image: Any, data: MapData, scale: ColourScale, dots: float) -> None:  # noqa: ANN401
    from matplotlib.patches import Rectangle  # noqa: PLC0415  # an extra

    width, height = figure.get_size_inches() * dots
    factor = dots / _DOTS
    left, right = 0.5 - min(0.33, 560 * factor / width), 0.5 + min(0.33, 560 * factor / width)
    bar = figure.add_axes((left, 132 * factor / height, right - left, 20 * factor / height))
    colours = figure.colorbar(image, cax=bar, orientation="horizontal", extend=scale.extend)
    colours.outline.set_linewidth(0.5)
    sign = sign_in_words(data.sense)
    colours.set_label(f"{data.unit} ({sign})" if sign else data.unit, labelpad=3)
    characters = int(width / factor / 8.4)
    title = textwrap.fill(data.title, int(width / factor / 15.5))
    edge = 24 * factor / width
    figure.text(0.5, 1 - 62 * factor / height, title, ha="center", va="center", fontsize=11)
    small: dict[str, Any] = {"fontsize": 6.5, "color": "#4a4a4a", "va": "top"}
    lines = [scale.remark]
    if data.not_finite:
        lines[0] += f" {data.not_finite} infinite values are drawn as missing."
    lines += textwrap.wrap(data.source, characters, break_on_hyphens=False)[:2]
    figure.text(edge, 66 * factor / height, "\n".join(lines), **small)
    if (np.isnan(data.values) & (data.land >= 0.5)).any():
        spot = (right + 36 * factor / width, 132 * factor / height)
        size = (24 * factor / width, 20 * factor / height)
        figure.add_artist(
            Rectangle(
                spot, *size, facecolor=MISSING, edgecolor="none", transform=figure.transFigure
            )
        )
        figure.text(
            spot[0] + size[0] * 1.4, spot[1] + size[1] / 2, "no data", va="center", fontsize=7.5
        )
    if data.synthetic:
        mark_synthetic(figure, 22 * factor / height)


def mark_synthetic(figure: Figure, down: float) -> None:
    """Write across the top that the picture is of made-up data; `down` is the distance to it."""
    box = {"boxstyle": "round,pad=0.25", "facecolor": "#fff3cd", "edgecolor": "#7a5b00", "lw": 0.6}
    figure.text(
        0.5,
        1 - down,
        SYNTHETIC,
        ha="center",
        va="center",
        fontsize=7,
        weight="bold",
        color="#5c4400",
        bbox=box,
    )
