"""The part of the Earth on a map: its edge, and the cells and land that its pixels show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.plotting.projections import (
    EqualEarth,
    Flat,
    LambertEqualArea,
    Orthographic,
    Projection,
)
from loader.regions.natural_earth import country_polygons

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loader.grid import Grid

__all__ = ["Domain", "Frame", "cells_at", "coast_and_borders", "frame_of", "graticule", "land_at"]

Float64 = npt.NDArray[np.float64]

_WIDEST_REGION = 150.0
"""Degrees; a wider map is treated as a map of the world."""

_TALLEST_REGION = 100.0

_ASIDE_DEG = 0.12
"""How far from a line its sides are looked at: a pixel and a half of the canvas of the globe."""


@dataclass(frozen=True)
class Domain:
    """A box of the Earth in degrees; `east` is above `west`, and may be above 180."""

    west: float
    south: float
    east: float
    north: float

    @property
    def is_global(self) -> bool:
        """Whether it goes all around the Earth."""
        return self.east - self.west >= 360 - 1e-6

    def edge(self) -> tuple[Float64, Float64]:
        """Return longitude and latitude of points along its edge, clockwise and closed."""
        across = np.linspace(self.west, self.east, 181)
        up = np.linspace(self.south, self.north, 91)
        longitude = np.concatenate(
            [across, np.full_like(up, self.east), across[::-1], np.full_like(up, self.west)]
        )
        latitude = np.concatenate(
            [
                np.full_like(across, self.north),
                up[::-1],
                np.full_like(across, self.south),
                up,
            ]
        )
        return longitude, latitude

    def holds(self, longitude: Float64, latitude: Float64) -> npt.NDArray[np.bool_]:
        """Return which places are inside; NaN is not."""
        east = (longitude - self.west) % 360 <= self.east - self.west
        inside: npt.NDArray[np.bool_] = (
            (east | self.is_global) & (latitude >= self.south) & (latitude <= self.north)
        )
        return inside & np.isfinite(longitude)


@dataclass(frozen=True)
class Frame:
    """A map to be drawn.

    Attributes
    ----------
    projection : Projection
    domain : Domain
    outline : ndarray of float64, shape (n, 2)
        The edge of the map, in x and y.
    """

    projection: Projection
    domain: Domain
    outline: Float64

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top."""
        (left, bottom), (right, top) = self.outline.min(axis=0), self.outline.max(axis=0)
        return float(left), float(right), float(bottom), float(top)

    @property
    def aspect(self) -> float:
        """Width by height."""
        left, right, bottom, top = self.extent
        return (right - left) / (top - bottom)

    def places(self, width: int, height: int) -> tuple[Float64, Float64]:
        """Return longitude and latitude of the middle of each pixel, shape (height, width).

        Row 0 is at the top. NaN is outside of the map.
        """
        left, right, bottom, top = self.extent
        x = left + (np.arange(width) + 0.5) / width * (right - left)
        y = top - (np.arange(height) + 0.5) / height * (top - bottom)
        longitude, latitude = self.projection.inverse(*np.meshgrid(x, y))
        inside = self.domain.holds(longitude, latitude)
        return np.where(inside, longitude, np.nan), np.where(inside, latitude, np.nan)

    def lines(self, lines: Iterable[Float64]) -> list[Float64]:
        """Project lines of longitude and latitude, and cut them where they leave the map.

        Parameters
        ----------
        lines : iterable of ndarray of float64, shape (n, 2)

        Returns
        -------
        list of ndarray of float64, shape (m, 2), m >= 2
        """
        together = list(lines)
        if not together:
            return []
        longitude, latitude = np.concatenate(together).T
        x, y = self.projection.forward(longitude, latitude)
        seen = np.isfinite(x) & self.domain.holds(longitude, latitude)
        left, right, bottom, top = self.extent
        longest = max(right - left, top - bottom) / 4
        # A run of points ends with its line, where it is not seen, and where it jumps across the
        # map, because it crossed the edge.
        starts = np.append(0, np.hypot(np.diff(x), np.diff(y))) > longest
        starts |= ~seen | np.append(True, ~seen[:-1])
        starts[np.cumsum([0, *(len(line) for line in together[:-1])])] = True
        runs = np.split(np.column_stack([x, y]), np.flatnonzero(starts)[1:])
        return [run for run in runs if len(run) > 1 and np.isfinite(run[0, 0])]


def frame_of(domain: Domain, projection: str, centre: tuple[float, float] | None = None) -> Frame:
    """Return the frame of a map.

    Parameters
    ----------
    domain : Domain
        The part of the Earth to show; on the globe, only the half around `centre`.
    projection : {"equal-area", "flat", "globe"}
        "equal-area" is Equal Earth for the world and Lambert's azimuthal one for a region.
    centre : tuple of float, optional
        Latitude and longitude in the middle of the globe, degrees; of the domain if not given.
    """
    middle = ((domain.south + domain.north) / 2, (domain.west + domain.east) / 2)
    if projection == "globe":
        latitude, longitude = centre or ((0.0, 0.0) if domain.is_global else middle)
        turn = np.linspace(0, 2 * np.pi, 361)
        circle = np.column_stack([np.cos(turn), np.sin(turn)])
        return Frame(Orthographic(latitude, longitude), Domain(-180, -90, 180, 90), circle)
    shape: Projection = Flat(domain.west)
    if projection == "equal-area":
        is_region = (
            domain.east - domain.west <= _WIDEST_REGION
            and domain.north - domain.south <= _TALLEST_REGION
        )
        shape = LambertEqualArea(*middle) if is_region else EqualEarth(middle[1])
    longitude_edge, latitude_edge = domain.edge()
    if domain.is_global:
        # Just inside, or the eastern edge would be projected onto the western one.
        longitude_edge = np.clip(longitude_edge, domain.west + 1e-6, domain.east - 1e-6)
    x, y = shape.forward(longitude_edge, latitude_edge)
    return Frame(shape, domain, np.column_stack([x, y]))


def cells_at(grid: Grid, longitude: Float64, latitude: Float64) -> npt.NDArray[np.int64]:
    """Return the cell of each place; -1 outside the grid, and where a place is NaN.

    Parameters
    ----------
    grid : Grid
    longitude, latitude : ndarray of float64
        Degrees.
    """
    known = np.isfinite(longitude) & np.isfinite(latitude)
    lat, lon = np.where(known, latitude, 0.0), np.where(known, longitude, 0.0)
    row = np.floor((grid.north + grid.step_lat / 2 - lat) / grid.step_lat).astype(np.int64)
    # The south pole itself is an edge of the last row.
    row = np.where((row == grid.n_lat) & (lat <= -90), grid.n_lat - 1, row)
    west = grid.west - grid.step_lon / 2
    column = np.floor(((lon - west) % 360) / grid.step_lon).astype(np.int64)
    if grid.is_global:
        column %= grid.n_lon
    inside = known & (row >= 0) & (row < grid.n_lat) & (column < grid.n_lon)
    return np.where(inside, row * grid.n_lon + column, -1)


def land_at(longitude: Float64, latitude: Float64) -> npt.NDArray[np.bool_]:
    """Return which places are land, by the countries of Natural Earth; NaN is not.

    The polygons are painted on a canvas of degrees as fine as the places need, and read off there.
    """
    from PIL import Image, ImageDraw  # noqa: PLC0415  # comes with the extra `plot`

    known = np.isfinite(longitude) & np.isfinite(latitude)
    if not known.any():
        return known
    west, south = float(longitude[known].min()), float(latitude[known].min())
    width = max(float(longitude[known].max()) - west, 0.1)
    height = max(float(latitude[known].max()) - south, 0.1)
    columns = int(min(4096, max(2048, 3 * longitude.shape[-1])))
    rows = int(max(64, columns * height / width))
    canvas = Image.new("1", (columns, rows))
    draw = ImageDraw.Draw(canvas)
    for rings in _polygons():
        for shift in (-360, 0, 360):
            outline = rings[0][:, 0] + shift
            if outline.max() < west or outline.min() > west + width:
                continue
            for position, ring in enumerate(rings):
                x = (ring[:, 0] + shift - west) / width * columns
                y = (south + height - ring[:, 1]) / height * rows
                draw.polygon(np.column_stack([x, y]).ravel().tolist(), fill=int(position == 0))
    painted = np.asarray(canvas)
    column = ((np.where(known, longitude, west) - west) / width * columns).astype(np.int64)
    row = ((south + height - np.where(known, latitude, south)) / height * rows).astype(np.int64)
    land: npt.NDArray[np.bool_] = painted[row.clip(0, rows - 1), column.clip(0, columns - 1)]
    return land & known


@lru_cache(maxsize=1)
def _polygons() -> list[list[Float64]]:
    """Return the polygons of the countries, the largest first: an enclave fills its hole again."""
    return sorted(country_polygons(), key=lambda rings: -float(np.prod(np.ptp(rings[0], axis=0))))


@lru_cache(maxsize=1)
def coast_and_borders() -> tuple[list[Float64], list[Float64]]:
    """Return the lines of the coasts, and those between countries.

    Returns
    -------
    tuple of list of ndarray of float64, shape (n, 2)
        Longitude and latitude, degrees.
    """
    rings = [ring for polygon in _polygons() for ring in polygon]
    starts = np.concatenate([ring[:-1] for ring in rings])
    ends = np.concatenate([ring[1:] for ring in rings])
    # A border has land on both sides; a coast does not.
    along = ends - starts
    across = np.column_stack([-along[:, 1], along[:, 0]])
    across *= _ASIDE_DEG / np.maximum(np.hypot(*across.T), 1e-12)[:, None]
    sides = np.stack([(starts + ends) / 2 + across, (starts + ends) / 2 - across])
    sides[..., 0] = (sides[..., 0] + 180) % 360 - 180
    is_border = land_at(sides[..., 0], sides[..., 1].clip(-90, 90)).all(axis=0)
    # Where a country is cut at the date line or along a pole, there is neither coast nor border.
    is_cut = (np.abs(np.abs(starts[:, 0]) - 180) < 0.01) & (np.abs(along[:, 0]) < 0.01)
    is_cut |= (starts[:, 1] <= -89.9) & (ends[:, 1] <= -89.9)
    # One edge among others of the other kind is a river mouth or an islet.
    is_border = is_border & (np.roll(is_border, 1) | np.roll(is_border, -1))
    is_border = is_border | (np.roll(is_border, 1) & np.roll(is_border, -1))
    coasts: list[Float64] = []
    borders: list[Float64] = []
    first = 0
    for ring in rings:
        count = len(ring) - 1
        kind = np.where(is_cut[first : first + count], 2, is_border[first : first + count])
        breaks = np.flatnonzero(np.diff(kind)) + 1
        for run in np.split(np.arange(count), breaks):
            line = ring[run[0] : run[-1] + 2]
            if kind[run[0]] < 2:
                (borders if kind[run[0]] else coasts).append(line)
        first += count
    return coasts, borders


def graticule(domain: Domain) -> tuple[float, list[Float64]]:
    """Return meridians and parallels that suit a domain, and the degrees between them."""
    span = max(domain.east - domain.west, 2 * (domain.north - domain.south))
    step = next((step for step in (1, 2, 5, 10, 15, 30) if span / step <= 9), 30)
    fine_lat = np.linspace(domain.south, domain.north, 121)
    fine_lon = np.linspace(domain.west, domain.east, 241)
    meridians = [
        np.column_stack([np.full_like(fine_lat, longitude), fine_lat])
        for longitude in _multiples(domain.west, domain.east, step)
    ]
    parallels = [
        np.column_stack([fine_lon, np.full_like(fine_lon, latitude)])
        for latitude in _multiples(domain.south, domain.north, step)
    ]
    return step, meridians + parallels


def _multiples(low: float, high: float, step: float) -> Float64:
    first = np.ceil(low / step + 1e-6)
    return np.arange(first, np.floor(high / step - 1e-6) + 1) * step
