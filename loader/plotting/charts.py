"""Draws series: land use as areas or lines above emissions as bars, or any quantities as lines."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from loader.errors import UsageError
from loader.plotting.extra import styled
from loader.plotting.mapping import mark_synthetic
from loader.plotting.series import PlaceSeries, SeriesData
from loader.plotting.wording import (
    balanced,
    in_power,
    number_in_words,
    power_of,
    sign_in_words,
    source_line,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from loader.plotting.series import Panel

__all__ = ["LINE_COLOURS", "STACK_COLOURS", "draw_series"]

_GRID, _INK = "#d8d8d8", "#1a1a1a"

STACK_COLOURS = {
    "primf": ("#00573b", "primary forest"),
    "secdf": ("#5aae61", "secondary forest"),
    "primn": ("#8c510a", "primary non-forest"),
    "secdn": ("#dfc27d", "secondary non-forest"),
    "range": ("#c2a5cf", "rangeland"),
    "pastr": ("#762a83", "managed pasture"),
    "crop": ("#e69f00", "cropland"),
    "urban": ("#4d4d4d", "urban"),
    "pltns": ("#a6cee3", "plantations"),
}
"""Greens, browns, purples, orange, grey: neighbours also differ in lightness."""

LINE_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Colours that colour vision deficiencies tell apart (Okabe and Ito, 2008)."""

_DASHES = ("-", "--", ":", "-.")
_SOURCE, _SINK = "#d6604d", "#4393c3"
_WIDTH = 9.4
_LEGEND_CHARACTERS = 24
"""Characters of a line of the legend, which is 2 inches wide."""

_LEFT, _RIGHT = 0.09, 0.77
"""Where panels begin and end, as shares of the width; the legend is beside them."""

_TITLE_CHARACTERS = 95


def draw_series(
    data: PlaceSeries | SeriesData,
    *,
    style: str = "areas",
    title: str | None = None,
    dpi: int = 160,
) -> Figure:
    """Draw series; quantities that are not loaded are left out.

    Parameters
    ----------
    data : PlaceSeries or SeriesData
    style : {"areas", "lines"}
        Whether land uses are stacked or drawn as lines.
    title : str, optional
        Instead of places and years.
    dpi : int

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    UsageError
        If there is no such style.
    """
    if style not in {"areas", "lines"}:
        raise UsageError(f"--style is {style!r}; expected areas or lines")
    from matplotlib.figure import Figure  # noqa: PLC0415  # an extra

    panels = _place_panels(data, style) if isinstance(data, PlaceSeries) else _line_panels(data)
    with styled():
        heights = [height for height, _ in panels]
        heading = balanced(title or data.title, _TITLE_CHARACTERS)
        # Panels with headings of their own are set off from the title.
        top = 0.68 if isinstance(data, PlaceSeries) else 0.86
        top += 0.19 * heading.count("\n")
        height = sum(heights) + 0.35 * (len(panels) - 1) + 0.67 + top
        figure = Figure(figsize=(_WIDTH, height), dpi=dpi, facecolor="white")
        grid = figure.add_gridspec(
            len(panels),
            1,
            height_ratios=heights,
            hspace=0.3,
            left=_LEFT,
            right=_RIGHT,
            top=1 - top / height,
            bottom=0.85 / height,
        )
        above: Axes | None = None
        for i, (_, draw) in enumerate(panels):
            axes = figure.add_subplot(grid[i], sharex=above)
            draw(axes)
            _finish(axes, data.years)
            above = axes
        figure.align_ylabels()
        middle = (_LEFT + _RIGHT) / 2
        figure.text(middle, 1 - 0.3 / height, heading, ha="center", va="top", fontsize=11)
        source = source_line(data.source, synthetic=data.synthetic)
        lines = [data.note, *textwrap.wrap(source, 150, break_on_hyphens=False)[:2]]
        small = "\n".join(filter(None, lines))
        figure.text(0.02, 0.44 / height, small, fontsize=6.5, color="#4a4a4a", va="top")
        if data.synthetic:
            mark_synthetic(figure, 0.16 / height, middle)
    return figure


_Drawing = tuple[float, "Callable[[Axes], None]"]
"""The height of a panel in inches, and what draws it."""


def _place_panels(data: PlaceSeries, style: str) -> list[_Drawing]:
    panels: list[_Drawing] = []
    if data.uses:
        draw_uses = _stack if style == "areas" else _use_lines
        panels.append((3.4, lambda axes: draw_uses(axes, data)))
    if np.isfinite(data.emissions).any():
        panels.append((2.2, lambda axes: _bars(axes, data)))
    return panels


def _line_panels(data: SeriesData) -> list[_Drawing]:
    height = 3.4 if len(data.panels) == 1 else 2.5

    def drawing(panel: Panel) -> _Drawing:
        return height, lambda axes: _lines(axes, panel, data)

    return [drawing(panel) for panel in data.panels]


def _stack(axes: Axes, data: PlaceSeries) -> None:
    edges = np.append(data.years, data.years[-1] + 1) - 0.5
    below = np.zeros(data.years.size)
    for use, area in data.uses.items():
        colour, name = STACK_COLOURS[use]
        top = below + area
        axes.stairs(
            top,
            edges,
            baseline=np.nan_to_num(below),
            fill=True,
            facecolor=colour,
            label=name,
            edgecolor="white",
            linewidth=0.25,
        )
        below = top
    most = float(np.nanmax(below))
    axes.set_ylim(0, most if most > 0 else 1)
    _label(axes, data.use_unit, most)
    _legend(axes, reverse=True)


def _use_lines(axes: Axes, data: PlaceSeries) -> None:
    most = 0.0
    for use, values in data.uses.items():
        colour, name = STACK_COLOURS[use]
        axes.plot(data.years, values, color=colour, label=name, linewidth=1.6)
        most = max(most, float(np.nanmax(values)))
    _dots_of_one_year(axes, data.years.size)
    axes.set_ylim(0, 1.05 * most if most > 0 else 1)
    _label(axes, data.use_unit, most)
    axes.grid(axis="y", color=_GRID, linewidth=0.5)
    _legend(axes)


def _bars(axes: Axes, data: PlaceSeries) -> None:
    width = 0.8 if data.years.size <= 60 else 1.0
    source, sink = np.maximum(data.emissions, 0), np.minimum(data.emissions, 0)
    for values, colour, name in ((source, _SOURCE, "source"), (sink, _SINK, "sink")):
        shown = np.nan_to_num(values)
        if (shown != 0).any():
            axes.bar(data.years, shown, width=width, color=colour, linewidth=0, label=name)
    unknown = np.isnan(data.emissions)
    if unknown.any():
        low, high = axes.get_ylim()
        axes.bar(
            data.years[unknown],
            high - low,
            bottom=low,
            width=1,
            color=_GRID,
            alpha=0.5,
            linewidth=0,
            label="no data",
            zorder=0,
        )
        axes.set_ylim(low, high)
    axes.axhline(0, color=_INK, linewidth=0.6)
    _label(axes, f"net emissions, {data.emission_unit}", float(np.nanmax(np.abs(data.emissions))))
    axes.grid(axis="y", color=_GRID, linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)
    _legend(axes)


def _lines(axes: Axes, panel: Panel, data: SeriesData) -> None:
    finite = [line.values[np.isfinite(line.values)] for line in panel.lines]
    for i, line in enumerate(panel.lines):
        axes.plot(
            data.years,
            line.values,
            color=LINE_COLOURS[i % len(LINE_COLOURS)],
            linestyle=_DASHES[i // len(LINE_COLOURS) % len(_DASHES)],
            label=textwrap.fill(
                line.place.replace("° ", "°\N{NO-BREAK SPACE}"), _LEGEND_CHARACTERS
            ),
            linewidth=1.5,
        )
    _dots_of_one_year(axes, data.years.size)
    values = np.concatenate(finite)
    if values.size and values.min() >= 0 and values.min() < 0.7 * values.max():
        axes.set_ylim(bottom=0)
    elif values.size and values.min() < 0 < values.max():
        axes.axhline(0, color=_INK, linewidth=0.6)
    sign = sign_in_words(panel.sense)
    axes.set_title(f"{panel.quantity} ({sign})" if sign else panel.quantity, fontsize=9, loc="left")
    _label(axes, panel.unit, float(np.abs(values).max()) if values.size else 0.0)
    axes.grid(axis="y", color=_GRID, linewidth=0.5)
    axes.set_axisbelow(True)
    _legend(axes)


def _dots_of_one_year(axes: Axes, count: int) -> None:
    """Draw a marker for a value without neighbours, of which a line shows nothing."""
    if count == 1:
        for line in axes.lines:
            line.set_marker("o")


def _legend(axes: Axes, *, reverse: bool = False) -> None:
    axes.legend(
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        frameon=False,
        reverse=reverse,
        handlelength=1.4,
        handleheight=1.2,
        labelspacing=0.55,
    )


def _label(axes: Axes, unit: str, most: float) -> None:
    """Label the values of an axis, whose largest is `most`, in a power of ten where that helps."""
    from matplotlib.ticker import FuncFormatter  # noqa: PLC0415  # an extra

    power = power_of(most)
    axes.set_ylabel(in_power(unit, power))
    if power or most >= 1000:
        number = FuncFormatter(lambda value, _: number_in_words(value / 10**power))
        axes.yaxis.set_major_formatter(number)


def _finish(axes: Axes, years: np.ndarray) -> None:
    """Give an axis whole years, and no frame above and at the right."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415  # an extra

    axes.set_xlim(years[0] - 0.5, years[-1] + 0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9, min_n_ticks=1))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
