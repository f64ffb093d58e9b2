"""Draws the pictures of a report, fills its template and writes the page."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
from markupsafe import Markup

from loader.page.contents import Contents, report_contents
from loader.plotting.extra import require_matplotlib
from loader.plotting.files import MAKER, checked_target, publish_file
from loader.plotting.wording import SYNTHETIC, sign_in_words
from loader.reporting import Progress, synchronized
from loader.text import human_bytes

if TYPE_CHECKING:
    import os

    from matplotlib.figure import Figure

    from loader.plotting.gridded import MapData
    from loader.plotting.series import SeriesData
    from loader.reporting import Reporter

__all__ = ["render_report", "write_report"]

_STOPS = 11
"""Colours of a colour bar."""


@dataclass(frozen=True)
class _Chart:
    """A chart in light and dark, and what it shows in words."""

    light: str
    dark: str
    alt: str


@dataclass(frozen=True)
class _Map:
    """A map, what it shows in words, and its colour bar."""

    picture: str
    alt: str
    title: str
    gradient: Markup
    ends: tuple[str, str, str]
    label: str
    remark: str
    source: str


def write_report(
    database: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    year: int | None = None,
    checks: bool = True,
    reporter: Reporter | None = None,
) -> Path:
    """Write a report on a database as one HTML file that needs nothing else.

    Parameters
    ----------
    database : path
        The file, or the folder it lies in.
    out : path
        The page. A report that luc-load made is replaced, no other file.
    year : int, optional
        Of the map of emissions; the latest if not given.
    checks : bool
        Whether the checks are made, which reads everything.
    reporter : Reporter, optional
        Receives progress.

    Returns
    -------
    pathlib.Path
        The page, as it was named.

    Raises
    ------
    ExtraMissingError
        If matplotlib is not installed.
    UsageError
        If there are no emissions of that year.
    SourceError, DatabaseError
        If there is no such database, or it cannot be read.
    OutputError
        If the page cannot be written.
    """
    require_matplotlib("luc-load report")
    target = checked_target(out, (".html",))
    watcher = synchronized(reporter)
    try:
        contents = report_contents(database, year, checks=checks, reporter=watcher)
        watcher.progress(Progress("drawing", None, 0, None))
        publish_file(target, render_report(contents).encode())
    finally:
        watcher.finished()
    return Path(out)


def render_report(contents: Contents) -> str:
    """Return the page.

    Parameters
    ----------
    contents : Contents
        Everything in it is text to the template, whatever a source file says of itself.
    """
    template = files("loader.page").joinpath("report.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["size"] = human_bytes
    style = files("loader.page").joinpath("report.css").read_text(encoding="utf-8")
    series = contents.series
    maps = [data for data in (contents.emissions, contents.forest_change) if data is not None]
    return environment.from_string(template).render(
        contents=contents,
        info=contents.info,
        maker=MAKER,
        synthetic=SYNTHETIC,
        style=Markup(style),  # noqa: S704  # luc-load's own file
        **_charts(series),
        maps=[_map(data) for data in maps],
    )


def _charts(series: SeriesData | None) -> dict[str, Any]:
    from loader.plotting.charts import (  # noqa: PLC0415  # needs the extra
        STACK_COLOURS,
        emission_figure,
        use_figure,
    )

    found: dict[str, Any] = {"emissions": None, "uses": None, "legend": [], "rows": []}
    if series is None:
        return found
    years = f"{series.years[0]} to {series.years[-1]}"
    known = np.isfinite(series.emissions)
    if known.any():
        low, high = np.nanmin(series.emissions), np.nanmax(series.emissions)
        alt = (
            f"Bars of global net emissions, {years}, between {low:.3g} and {high:.3g} "
            f"{series.emission_unit}; the table below has every year."
        )
        found["emissions"] = _chart(emission_figure, series, alt)
    if series.uses:
        alt = f"Stacked areas of global land use, {years}; the table below has every year."
        found["uses"] = _chart(use_figure, series, alt)
        found["legend"] = [STACK_COLOURS[use] for use in reversed(series.uses)]
    found["rows"] = [
        (
            int(year),
            "" if np.isnan(series.emissions[i]) else f"{series.emissions[i]:.3f}",
            ["" if np.isnan(area[i]) else f"{area[i]:,.0f}" for area in series.uses.values()],
        )
        for i, year in enumerate(series.years)
    ]
    found["use_names"] = [STACK_COLOURS[use][1] for use in series.uses]
    return found


def _chart(draw: Any, series: SeriesData, alt: str) -> _Chart:  # noqa: ANN401  # either chart
    from loader.plotting.charts import DARK, LIGHT  # noqa: PLC0415  # needs the extra

    light, dark = (_embedded(draw(series, theme), "svg", alt) for theme in (LIGHT, DARK))
    return _Chart(light, dark, alt)


def _map(data: MapData) -> _Map:
    from matplotlib import colormaps  # noqa: PLC0415  # an extra
    from matplotlib.colors import to_hex  # noqa: PLC0415  # an extra

    from loader.plotting.mapping import bare_map  # noqa: PLC0415  # needs the extra

    figure, scale = bare_map(data)
    colours = [to_hex(colormaps[scale.name](i / (_STOPS - 1))) for i in range(_STOPS)]
    ends = [f"{value:g}" for value in (scale.low, (scale.low + scale.high) / 2, scale.high)]
    below = "≤ " if scale.extend in {"min", "both"} else ""
    above = "≥ " if scale.extend in {"max", "both"} else ""
    sign = sign_in_words(data.sense)
    return _Map(
        picture=_embedded(figure, "png", data.title),
        alt=f"World map: {data.title}. {scale.remark}",
        title=data.title,
        gradient=Markup(", ".join(colours)),  # noqa: S704  # colours of our own
        ends=(below + ends[0], ends[1], above + ends[2]),
        label=f"{data.unit}, {sign}" if sign else data.unit,
        remark=scale.remark,
        source=data.source,
    )


def _embedded(figure: Figure, kind: str, title: str) -> str:
    from loader.plotting.plot import picture_bytes  # noqa: PLC0415  # needs the extra

    media = {"svg": "image/svg+xml", "png": "image/png"}[kind]
    coded = base64.b64encode(picture_bytes(figure, kind, title)).decode()
    return f"data:{media};base64,{coded}"
