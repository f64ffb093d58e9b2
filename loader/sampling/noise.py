"""Random streams and the smooth shapes that the synthetic world is drawn with."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Blob", "Float64", "SmoothField", "blobs", "stream"]

Float64 = npt.NDArray[np.float64]

Blob = tuple[float, float, float, float, float]
"""Latitude, longitude, radius in latitude, radius in longitude (degrees), height."""


def stream(seed: int, *tags: int) -> np.random.Generator:
    """Return the random stream of a purpose: the same on every machine and in every process.

    Parameters
    ----------
    seed : int
        The sample's seed, not negative.
    *tags : int
        What the stream is for; streams of different tags are independent.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *tags])))


class SmoothField:
    """Draws random fields that vary over given distances, all for the same points.

    Parameters
    ----------
    latitude, longitude : ndarray of float64, shape (n,)
        Degrees; a field does not depend on which points are requested.
    spacing : sequence of float
        Distances of nodes in degrees, the largest first; each counts 0.6 of the one before.
    """

    def __init__(self, latitude: Float64, longitude: Float64, spacing: Sequence[float]) -> None:
        self._shape = latitude.shape
        self._levels = [_Level(latitude, longitude, step) for step in spacing]

    def draw(self, random: np.random.Generator) -> Float64:
        """Return the next field, float64, shape (n,), mean about 0, standard deviation about 1."""
        total: Float64 = np.zeros(self._shape)
        weight, variance = 1.0, 0.0
        for level in self._levels:
            total += weight * level.draw(random)
            variance += weight**2
            weight *= 0.6
        # Smooth interpolation of independent nodes loses about half of their variance.
        return total / math.sqrt(0.55 * variance)


class _Level:
    """Nodes at one distance, and where the points lie between them."""

    def __init__(self, latitude: Float64, longitude: Float64, step: float) -> None:
        self._rows, self._columns = round(180 / step) + 1, round(360 / step)
        row, column = (90 - latitude) / step, (longitude + 180) / step
        top = np.minimum(row.astype(np.int64), self._rows - 2) * self._columns
        left = column.astype(np.int64) % self._columns
        right = (left + 1) % self._columns
        self._corners = (top + left, top + right)
        y, x = row - top // self._columns, column - np.floor(column)
        self._y, self._x = y * y * (3 - 2 * y), x * x * (3 - 2 * x)

    def draw(self, random: np.random.Generator) -> Float64:
        nodes = random.standard_normal((self._rows, self._columns)).ravel()
        left, right = self._corners
        below = nodes[self._columns :]
        north = nodes[left] * (1 - self._x) + nodes[right] * self._x
        south = below[left] * (1 - self._x) + below[right] * self._x
        blended: Float64 = north * (1 - self._y) + south * self._y
        return blended


def blobs(latitude: Float64, longitude: Float64, shapes: Sequence[Blob]) -> Float64:
    """Sum Gaussian hills.

    Parameters
    ----------
    latitude, longitude : ndarray of float64, shape (n,)
        Degrees.
    shapes : sequence of Blob

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    total = np.zeros(latitude.shape)
    for lat, lon, radius_lat, radius_lon, height in shapes:
        east = (longitude - lon + 180) % 360 - 180
        total += height * np.exp(-(((latitude - lat) / radius_lat) ** 2) - (east / radius_lon) ** 2)
    return total
