"""Draw the maps of a report, fill its template and write the page."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
from markupsafe import Markup

from loader.page.contents import Contents, report_contents
from loader.page.story import emissions_title, tell_story, uncertainty
from loader.plotting.charts import STACK_COLOURS
from loader.plotting.colours import colour_norm
from loader.plotting.extra import require_matplotlib
from loader.plotting.files import MAKER, checked_target, publish_file
from loader.plotting.wording import CO2_PER_C, SYNTHETIC, number_in_words, sign_in_words
from loader.reporting import Progress, synchronized
from loader.schema import ELUC
from loader.text import human_bytes

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    import numpy.typing as npt
    from matplotlib.figure import Figure

    from loader.exporting.selection import Selection
    from loader.plotting.gridded import MapData
    from loader.reporting import Reporter

__all__ = ["render_report", "write_report"]

_STOPS = 11
"""Colours of a colour bar."""

_MAP_WIDTH = 1100
"""Pixels: sharp on a page of 1,400, and a third of a megabyte."""

_TRANSPARENT = 255
"""The colour of a map's palette that is transparent."""

_DIGITS = 4
"""Significant digits of a number in the charts."""


@dataclass(frozen=True)
class _Map:
    """A map, its description and its colour bar."""

    picture: str
    alt: str
    title: str
    gradient: Markup
    ends: tuple[str, str, str]
    label: str
    remark: str
    has_missing: bool


def write_report(
    database: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    year: int | None = None,
    selection: Selection | None = None,
    product: str = ELUC.column,
    checks: bool = True,
    reporter: Reporter | None = None,
) -> Path:
    """Write a report on a database as one HTML file that needs nothing else.

    Parameters
    ----------
    database : path
        The file, or its folder.
    out : path
        The page. Only a report that luc-load made is replaced.
    year : int, optional
        Of the map of emissions; the latest if not given.
    selection : Selection, optional
        One country, region or box that the report is about; all cells by default.
    product : str
        The column of eluc with the emissions.
    checks : bool
        Whether to run the checks, which read everything.
    reporter : Reporter, optional
        Receives progress.

    Returns
    -------
    pathlib.Path
        The page, as named by `out`.

    Raises
    ------
    ExtraMissingError
        If matplotlib is not installed.
    UsageError
        If there are no such emissions for that year, or the selection is not one place with cells.
    SourceError, DatabaseError
        If the database does not exist or cannot be read.
    OutputError
        If the page cannot be written.
    """
    require_matplotlib("luc-load report")
    target = checked_target(out, (".html",))
    watcher = synchronized(reporter)
    try:
        contents = report_contents(
            database, year, selection, product=product, checks=checks, reporter=watcher
        )
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
    folder = files("loader.page")
    template, style, script = (
        folder.joinpath(f"report.{kind}").read_text(encoding="utf-8")
        for kind in ("html", "css", "js")
    )
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["size"] = human_bytes
    environment.filters["number"] = _table_number
    # Only this script may run: its digest is in the page's content security policy.
    body = f"\n{script}"
    digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    return environment.from_string(template).render(
        contents=contents,
        heading=_heading(contents),
        info=contents.info,
        story=tell_story(contents),
        maker=MAKER,
        synthetic=SYNTHETIC,
        uncertainty=uncertainty(contents),
        emissions=emissions_title(contents.emissions),
        style=Markup(style),  # noqa: S704  # luc-load's own file
        script=Markup(body),  # noqa: S704  # the same
        script_digest=digest,
        data=_data(contents),
        table=_year_table(contents),
        countries=_country_table(contents),
        maps=[_map(data) for data in contents.maps],
    )


def _data(contents: Contents) -> Markup:
    """Return the data of the charts as JSON that cannot end its HTML element."""
    series = contents.series
    data: dict[str, Any] = {
        "years": [] if series is None else [int(year) for year in series.years],
        "co2": CO2_PER_C,
        "unit": _prefix(contents),
        "emissions": emissions_title(contents.emissions),
        "uncertainty": uncertainty(contents) or None,
        "uses": [],
        "places": [],
        "published": [[p.first_year, p.last_year, p.emission_pgc] for p in contents.published],
    }
    if series is not None:
        data["uses"] = [
            {"colour": STACK_COLOURS[use][0], "name": STACK_COLOURS[use][1], "area": _plain(area)}
            for use, area in series.uses.items()
        ]
        # The world is in Pg, a country or region in Mt; the charts show the unit.
        has = np.isfinite(series.emissions).any()
        world = {"name": series.place, "emissions": _plain(series.emissions) if has else None}
        data["places"] = [{**world, "forest": None, "crop": None}]
        data["places"] += [
            {
                "name": country.name,
                "emissions": _plain(country.emissions) if has else None,
                "forest": _plain(country.forest),
                "crop": _plain(country.crop),
            }
            for country in contents.countries
        ]
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704  # JSON


def _plain(values: Iterable[float]) -> list[float | None]:
    return [float(f"{v:.{_DIGITS}g}") if np.isfinite(v) else None for v in values]


def _year_table(contents: Contents) -> dict[str, Any]:
    """Return heads and rows of the table of all years."""
    series = contents.series
    if series is None:
        return {"heads": [], "rows": []}
    has = bool(np.isfinite(series.emissions).any())
    prefix = _prefix(contents)
    heads = ["Year", *([f"Emissions, {prefix} C yr⁻¹", f"{prefix} CO₂ yr⁻¹"] if has else [])]
    heads += [f"{STACK_COLOURS[use][1]}, Mha" for use in series.uses]
    # As many decimals as the largest value of a column needs for three digits.
    of_emissions = max(_decimals(series.emissions), 3 if contents.place is None else 0)
    of_uses = [_decimals(area) for area in series.uses.values()]
    rows = []
    for i, year in enumerate(series.years):
        emission = float(series.emissions[i])
        cells: list[tuple[float | None, int]] = []
        if has:
            cells += [(emission, of_emissions), (emission * CO2_PER_C, of_emissions)]
        cells += [
            (float(area[i]), digits)
            for area, digits in zip(series.uses.values(), of_uses, strict=True)
        ]
        rows.append((int(year), cells))
    return {"heads": heads, "rows": rows}


def _country_table(contents: Contents) -> dict[str, Any]:
    """Return rows of the table of countries: emissions, and changes of forest and cropland."""
    series = contents.series
    if series is None or not contents.countries:
        return {"rows": [], "year": None, "first": None, "last": None, "has_emissions": False}
    known = np.flatnonzero(np.isfinite(series.emissions))
    areas = next(iter(series.uses.values()), np.full(series.years.size, np.nan))
    states = np.flatnonzero(np.isfinite(areas))
    rows = []
    for country in contents.countries:
        cells: list[tuple[float, int]] = []
        if known.size:
            cells.append((float(country.emissions[known[-1]]), 1))
            cells.append((float(np.nansum(country.emissions)), 0))
        if states.size > 1:
            changes = [v[states[-1]] - v[states[0]] for v in (country.forest, country.crop)]
            cells += [(float(change), 2) for change in changes]
        rows.append((country.name, cells))
    return {
        "rows": rows,
        "has_emissions": bool(known.size),
        "year": int(series.years[known[-1]]) if known.size else None,
        "first_year": int(series.years[known[0]]) if known.size else None,
        "states": (
            (int(series.years[states[0]]), int(series.years[states[-1]]))
            if states.size > 1
            else None
        ),
    }


def _heading(contents: Contents) -> str:
    if contents.place is None:
        return "Land-use change and its emissions"
    return f"{contents.place}: land-use change and its emissions"


def _prefix(contents: Contents) -> str:
    """Return the prefix of the unit of emissions: the world is in Pg, a place in Mt."""
    return "Pg" if contents.place is None else "Mt"


def _decimals(values: npt.NDArray[np.float64]) -> int:
    known = np.abs(values[np.isfinite(values)])
    largest = float(known.max()) if known.size else 0.0
    return 0 if largest == 0 else min(max(0, 2 - math.floor(math.log10(largest))), 6)


def _table_number(cell: tuple[float | None, int]) -> str:
    value, digits = cell
    if value is None or not np.isfinite(value):
        return ""
    return f"{value:,.{digits}f}".replace("-", "\N{MINUS SIGN}")


def _map(data: MapData) -> _Map:
    from matplotlib import colormaps  # noqa: PLC0415  # an extra
    from matplotlib.colors import to_hex  # noqa: PLC0415  # an extra

    from loader.plotting.mapping import bare_map  # noqa: PLC0415  # needs the extra

    figure, scale = bare_map(data, width=_MAP_WIDTH)
    norm = colour_norm(scale)
    steps = np.linspace(scale.low, scale.high, _STOPS)
    colours = [to_hex(colormaps[scale.name](float(norm(step)))) for step in steps]
    ends = [number_in_words(v) for v in (scale.low, (scale.low + scale.high) / 2, scale.high)]
    below = "≤ " if scale.extend in {"min", "both"} else ""
    above = "≥ " if scale.extend in {"max", "both"} else ""
    sign = sign_in_words(data.sense)
    return _Map(
        picture=_embedded(figure, data.title),
        alt=f"Map: {data.title}. {scale.remark}",
        title=data.title,
        gradient=Markup(", ".join(colours)),  # noqa: S704  # colours of our own
        ends=(below + ends[0], ends[1], above + ends[2]),
        label=f"{data.unit}; {sign}" if sign else data.unit,
        remark=scale.remark,
        has_missing=data.has_missing_land,
    )


def _embedded(figure: Figure, title: str) -> str:
    """Return a picture as a data URL of a PNG with at most 256 colours."""
    import io  # noqa: PLC0415  # with the next

    from PIL import Image  # noqa: PLC0415  # comes with the extra

    from loader.plotting.plot import picture_bytes  # noqa: PLC0415  # needs the extra

    written = io.BytesIO()
    with Image.open(io.BytesIO(picture_bytes(figure, "png", title))) as picture:
        # Median cut keeps the light colours of sea and land apart, which an octree merges, but
        # knows no transparency: that is the last colour of the palette.
        alpha = picture.convert("RGBA").getchannel("A")
        flat = Image.new("RGB", picture.size, "white")
        flat.paste(picture, mask=alpha)
        small = flat.quantize(255, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        palette = small.getpalette() or []
        # A complete palette: Pillow writes no transparency of a colour beyond the palette's end.
        small.putpalette(palette + [255] * (3 * (_TRANSPARENT + 1) - len(palette)))
        small.paste(_TRANSPARENT, mask=alpha.point(lambda value: 255 * (value == 0)))
        small.save(written, "PNG", optimize=True, transparency=_TRANSPARENT)
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode()}"
