"""Draws a series: stacked land-use areas above, emissions as bars below."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loader.plotting.extra import styled
from loader.plotting.mapping import mark_synthetic
from loader.plotting.series import STACK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from loader.plotting.series import SeriesData

__all__ = [
    "DARK",
    "LIGHT",
    "STACK_COLOURS",
    "Theme",
    "draw_series",
    "emission_figure",
    "use_figure",
]


@dataclass(frozen=True)
class Theme:
    """The colours of text and of what lies behind."""

    ink: str
    paper: str
    grid: str


LIGHT = Theme("#1a1a1a", "#ffffff", "#d8d8d8")
DARK = Theme("#e4e4e4", "#1b1e22", "#3d4248")

STACK_COLOURS = {
    "primf": ("#00573b", "primary forest"),
    "secdf": ("#5aae61", "secondary forest"),
    "primn": ("#8c510a", "primary non-forest"),
    "secdn": ("#dfc27d", "secondary non-forest"),
    "range": ("#c2a5cf", "rangeland"),
    "pastr": ("#762a83", "managed pasture"),
    "crop": ("#e69f00", "cropland"),
    "urban": ("#4d4d4d", "urban"),
}
"""Greens, browns, purples, orange, grey: neighbours also differ in lightness."""

_SOURCE, _SINK = "#d6604d", "#4393c3"


def draw_series(data: SeriesData) -> Figure:
    """Draw land use and emissions of a place; what is not loaded is left out.

    Parameters
    ----------
    data : SeriesData

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure  # noqa: PLC0415  # an extra

    parts = ([_draw_uses] if data.uses else []) + (
        [_draw_emissions] if np.isfinite(data.emissions).any() else []
    )
    with styled():
        heights = [3.4 if part is _draw_uses else 2.2 for part in parts]
        height = sum(heights) + 1.35
        figure = Figure(figsize=(9.4, height), dpi=144, facecolor="white")
        grid = figure.add_gridspec(
            len(parts),
            1,
            height_ratios=heights,
            hspace=0.22,
            left=0.09,
            right=0.79,
            top=1 - 0.68 / height,
            bottom=0.85 / height,
        )
        above: Axes | None = None
        for i, part in enumerate(parts):
            axes = figure.add_subplot(grid[i], sharex=above)
            part(axes, data, LIGHT)
            above = axes
        first, last = data.years[0], data.years[-1]
        span = f"{first}-{last}" if first != last else str(first)
        figure.text(0.44, 1 - 0.42 / height, f"{data.place}, {span}", ha="center", fontsize=11)
        small = "Land use is that of 1 January; emissions are of the whole year, positive to the"
        small += " atmosphere.\n"
        small += "\n".join(textwrap.wrap(data.source, 150, break_on_hyphens=False)[:2])
        figure.text(0.02, 0.44 / height, small, fontsize=6.5, color="#4a4a4a", va="top")
        if data.synthetic:
            mark_synthetic(figure, 0.16 / height)
    return figure


def use_figure(data: SeriesData, theme: Theme) -> Figure:
    """Draw only the land use, small and without a title, for a page."""
    return _small(data, theme, uses=True)


def emission_figure(data: SeriesData, theme: Theme) -> Figure:
    """Draw only the emissions, small and without a title, for a page."""
    return _small(data, theme, uses=False)


def _small(data: SeriesData, theme: Theme, *, uses: bool) -> Figure:
    from matplotlib.figure import Figure  # noqa: PLC0415  # an extra

    with styled(theme.ink):
        figure = Figure(figsize=(4.4, 2.8), dpi=144, facecolor=theme.paper)
        axes = figure.add_axes((0.17, 0.1, 0.81, 0.86))
        (_draw_uses if uses else _draw_emissions)(axes, data, theme, legend=False)
    return figure


def _draw_uses(axes: Axes, data: SeriesData, theme: Theme, *, legend: bool = True) -> None:
    from matplotlib.ticker import FuncFormatter  # noqa: PLC0415  # an extra

    edges = np.append(data.years, data.years[-1] + 1) - 0.5
    below = np.zeros(data.years.size)
    for use in STACK:
        colour, name = STACK_COLOURS[use]
        top = below + data.uses[use]
        axes.stairs(
            top,
            edges,
            baseline=np.nan_to_num(below),
            fill=True,
            facecolor=colour,
            label=name,
            edgecolor=theme.paper,
            linewidth=0.25,
        )
        below = top
    most = float(np.nanmax(below))
    axes.set(xlim=(edges[0], edges[-1]), ylim=(0, most if most > 0 else 1), ylabel=data.use_unit)
    if most >= 1000:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    _quiet(axes, theme)
    if legend:
        axes.legend(
            loc="center left",
            bbox_to_anchor=(1.01, 0.5),
            frameon=False,
            reverse=True,
            handlelength=1.2,
            handleheight=1.2,
            labelspacing=0.55,
        )


def _draw_emissions(axes: Axes, data: SeriesData, theme: Theme, *, legend: bool = True) -> None:
    edges = np.append(data.years, data.years[-1] + 1) - 0.5
    width = 0.8 if data.years.size <= 60 else 1.0
    source, sink = np.maximum(data.emissions, 0), np.minimum(data.emissions, 0)
    for values, colour, name in (
        (source, _SOURCE, "source"),
        (sink, _SINK, "sink"),
    ):
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
            color=theme.grid,
            alpha=0.5,
            linewidth=0,
            label="no data",
            zorder=0,
        )
        axes.set_ylim(low, high)
    axes.axhline(0, color=theme.ink, linewidth=0.6)
    axes.set(xlim=(edges[0], edges[-1]), ylabel=f"net emissions, {data.emission_unit}")
    axes.grid(axis="y", color=theme.grid, linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)
    _quiet(axes, theme)
    if legend:
        axes.legend(
            loc="center left",
            bbox_to_anchor=(1.01, 0.5),
            frameon=False,
            handlelength=1.2,
            handleheight=1.2,
        )


def _quiet(axes: Axes, theme: Theme) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415  # an extra

    axes.set_facecolor(theme.paper)
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9, min_n_ticks=1))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
