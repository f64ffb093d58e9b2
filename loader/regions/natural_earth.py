"""Today's countries from Natural Earth 1:50m, which is part of the package."""

from __future__ import annotations

import gzip
import hashlib
import importlib.metadata
import io
import json
import zipfile
from contextlib import suppress
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from loader.cache import recall, remember
from loader.regions.coverage import Coverage, cover_cells
from loader.regions.dateline import lay_out_polygon
from loader.regions.layers import COUNTRY_LAYER, Layer, Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from loader.grid import Grid
    from loader.regions.coverage import Ring

__all__ = ["ORIGIN", "country_layer", "country_polygons", "read_countries"]

ORIGIN = "Natural Earth 4.1.0, 1:50m Admin 0 countries, public domain"

_WITHOUT_NUMBER: dict[str, tuple[str | None, str]] = {
    "Indian Ocean Ter.": (None, "Indian Ocean Territories"),
    "Kosovo": ("XKX", "Kosovo"),
    "N. Cyprus": (None, "Northern Cyprus"),
}
"""Codes and names in full of territories without an ISO number, by Natural Earth's name."""

_FILE = "natural_earth_50m_countries.geojson.gz"

_RULE = 2
"""Version of the rule: a changed rule must not use results that the old one cached."""

_CACHED_BYTES = 24
"""Limit for each pair of cell and country; on average, a cell has less than two."""

_CACHED_EDGES = 100_000
"""Further pairs: where cells are large, many countries meet in one."""


@lru_cache(maxsize=2)
def country_layer(grid: Grid) -> Layer:
    """Return today's countries on a grid, computed or from the cache.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    Layer
        Territories that share an ISO code are one region. Kosovo has the code XKX, which ISO 3166-1
        leaves to users and most of them take; the others without a code have a name only. Borders,
        also disputed ones, are those of Natural Earth.
    """
    name = f"countries-{_cache_key(grid)}.npz"
    if (body := recall(name, _CACHED_BYTES * (grid.n_cells + _CACHED_EDGES))) is not None:
        with suppress(ValueError, LookupError, OSError, zipfile.BadZipFile):
            return Layer(COUNTRY_LAYER, _unpack(body), ORIGIN)
    regions = _place_countries(grid)
    remember(name, _pack(regions))
    return Layer(COUNTRY_LAYER, regions, ORIGIN)


def _cache_key(grid: Grid) -> str:
    """Return a name for all that the countries on a grid follow from."""
    data = hashlib.sha256(_packed()).hexdigest()
    names = importlib.metadata.version("pycountry")
    return hashlib.sha256(f"{_RULE}|{data}|{names}|{grid!r}".encode()).hexdigest()[:16]


def _place_countries(grid: Grid) -> tuple[Region, ...]:
    names, rings = read_countries()
    known = _iso_countries(key for key in rings if key.isdigit())
    regions = []
    for key, lines in rings.items():
        number = int(key) if key.isdigit() else None
        code, name = known.get(key) or _WITHOUT_NUMBER.get(key) or (None, names[key])
        regions.append(
            Region(
                name=name,
                code=code,
                country_code=number,
                coverage=cover_cells(lines, grid),
            )
        )
    return tuple(sorted(regions, key=lambda one: one.name))


def _pack(regions: Sequence[Region]) -> bytes:
    """Return regions as an archive of arrays, with their names as JSON."""
    names = [(one.name, one.code, one.country_code) for one in regions]
    file = io.BytesIO()
    np.savez(
        file,
        names=np.frombuffer(json.dumps(names).encode(), np.uint8),
        sizes=np.array([one.coverage.cell_id.size for one in regions]),
        cell_id=np.concatenate([one.coverage.cell_id for one in regions]),
        share=np.concatenate([one.coverage.share for one in regions]),
    )
    return file.getvalue()


def _unpack(body: bytes) -> tuple[Region, ...]:
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        names = json.loads(arrays["names"].tobytes())
        ends = np.cumsum(arrays["sizes"])[:-1]
        cells, shares = np.split(arrays["cell_id"], ends), np.split(arrays["share"], ends)
    return tuple(
        Region(name, code, number, Coverage(cell_id, share))
        for (name, code, number), cell_id, share in zip(names, cells, shares, strict=True)
    )


def country_polygons() -> list[list[npt.NDArray[np.float64]]]:
    """Return the polygons of all countries, for drawing: an outline, then its holes.

    Returns
    -------
    list of list of ndarray of float64, shape (n, 2)
        Longitude and latitude, degrees; longitudes of a polygon across the date line exceed 180.
    """
    polygons = []
    for feature in _features():
        geometry = feature["geometry"]
        is_single = geometry["type"] == "Polygon"
        for lines in [geometry["coordinates"]] if is_single else geometry["coordinates"]:
            rings = lay_out_polygon([np.array(line, dtype=np.float64) for line in lines])
            polygons.append([ring.points for ring in sorted(rings, key=lambda one: one.is_hole)])
    return polygons


@cache
def read_countries() -> tuple[dict[str, str], dict[str, list[Ring]]]:
    """Read the file, once in a process.

    Returns
    -------
    names : dict of str to str
        Name of each country by its ISO numeric code, or by its name if it has none.
    rings : dict of str to list of Ring
        Its borders, by the same.
    """
    names: dict[str, str] = {}
    rings: dict[str, list[Ring]] = {}
    for feature in _features():
        code, name = feature["properties"]["iso_n3"], feature["properties"]["name"]
        key = code or name
        names.setdefault(key, name)
        rings.setdefault(key, []).extend(_rings(feature["geometry"]))
    return names, rings


def _features() -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads(gzip.decompress(_packed()))["features"]
    return features


def _packed() -> bytes:
    return (files("loader.regions") / "data" / _FILE).read_bytes()


def _iso_countries(codes: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return alpha-3 code and English short name of each ISO 3166-1 numeric code that is known."""
    import pycountry  # noqa: PLC0415  # 20 ms that only builds need

    known = {code: pycountry.countries.get(numeric=code) for code in codes}
    return {
        code: (country.alpha_3, getattr(country, "common_name", None) or country.name)
        for code, country in known.items()
        if country is not None
    }


def _rings(geometry: dict[str, Any]) -> list[Ring]:
    is_single = geometry["type"] == "Polygon"
    polygons = [geometry["coordinates"]] if is_single else geometry["coordinates"]
    return [
        ring
        for polygon in polygons
        for ring in lay_out_polygon([np.array(line, dtype=np.float64) for line in polygon])
    ]
