"""The orthographic projection: the Earth as seen from far above a place.

Formulas: Snyder, J. P. (1987), Map Projections - A Working Manual, U.S. Geological Survey
Professional Paper 1395, equations 20-3 to 20-5 (forward) and 20-14, 20-15, 20-18 (inverse), on a
sphere of radius 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loader.grid import Grid

__all__ = ["cells_seen", "graticule", "seen_lines"]

Float64 = npt.NDArray[np.float64]

_GRATICULE_DEG = 30


def cells_seen(grid: Grid, centre: tuple[float, float], size: int) -> npt.NDArray[np.int64]:
    """Return which cell each pixel of a square picture of the globe shows.

    Parameters
    ----------
    grid : Grid
    centre : tuple of float
        Latitude and longitude of the middle, degrees.
    size : int
        Pixels of a side; the globe touches all four.

    Returns
    -------
    ndarray of int64, shape (size, size)
        cell_id, row 0 at the top; -1 beside the globe and outside the grid.
    """
    steps = (np.arange(size) + 0.5) * 2 / size - 1
    x, y = np.meshgrid(steps, -steps)
    rho = np.hypot(x, y)
    on_globe = rho < 1
    angle = np.arcsin(np.where(on_globe, rho, 0))
    lat0, lon0 = np.deg2rad(centre)
    sin_c, cos_c = np.sin(angle), np.cos(angle)
    # size is even or odd: only an odd one has a pixel in the very middle, where rho is 0.
    over_rho = np.divide(sin_c, rho, out=np.ones_like(rho), where=rho > 0)
    latitude = np.rad2deg(
        np.arcsin(np.clip(cos_c * np.sin(lat0) + y * over_rho * np.cos(lat0), -1, 1))
    )
    longitude = np.rad2deg(
        lon0 + np.arctan2(x * over_rho, np.cos(lat0) * cos_c - y * over_rho * np.sin(lat0))
    )
    row = np.floor((grid.north + grid.step_lat / 2 - latitude) / grid.step_lat).astype(np.int64)
    # The south pole itself is an edge of the last row.
    row = np.where((row == grid.n_lat) & (latitude <= -90), grid.n_lat - 1, row)
    west = grid.west - grid.step_lon / 2
    column = np.floor(((longitude - west) % 360) / grid.step_lon).astype(np.int64)
    if grid.is_global:
        column %= grid.n_lon
    inside = on_globe & (row >= 0) & (row < grid.n_lat) & (column < grid.n_lon)
    return np.where(inside, row * grid.n_lon + column, -1)


def seen_lines(lines: Iterable[Float64], centre: tuple[float, float]) -> list[Float64]:
    """Project lines and keep the parts on the near side.

    Parameters
    ----------
    lines : iterable of ndarray of float64, shape (n, 2)
        Longitude and latitude, degrees.
    centre : tuple of float
        Latitude and longitude of the middle, degrees.

    Returns
    -------
    list of ndarray of float64, shape (m, 2), m >= 2
        x and y in units of the globe's radius.
    """
    lat0, lon0 = np.deg2rad(centre)
    seen: list[Float64] = []
    for line in lines:
        lon, lat = np.deg2rad(line).T
        away = lon - lon0
        nearness = np.sin(lat0) * np.sin(lat) + np.cos(lat0) * np.cos(lat) * np.cos(away)
        x = np.cos(lat) * np.sin(away)
        y = np.cos(lat0) * np.sin(lat) - np.sin(lat0) * np.cos(lat) * np.cos(away)
        near = np.flatnonzero(nearness > 0)
        runs = np.split(near, np.flatnonzero(np.diff(near) > 1) + 1)
        seen += [np.column_stack([x[run], y[run]]) for run in runs if run.size > 1]
    return seen


def graticule() -> list[Float64]:
    """Return meridians and parallels, longitude and latitude in degrees."""
    fine_lat, fine_lon = np.linspace(-90, 90, 181), np.linspace(-180, 180, 361)
    meridians = [
        np.column_stack([np.full_like(fine_lat, longitude), fine_lat])
        for longitude in np.arange(-180, 180, _GRATICULE_DEG)
    ]
    parallels = [
        np.column_stack([fine_lon, np.full_like(fine_lon, latitude)])
        for latitude in np.arange(-90 + _GRATICULE_DEG, 90, _GRATICULE_DEG)
    ]
    return meridians + parallels
