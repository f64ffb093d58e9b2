"""Lay out rings that cross the date line or go around a pole so that no edge jumps.

GeoJSON (RFC 7946) reads edges as straight lines on the map and wants polygons cut at the date line.
Many files do not cut them: a ring runs from 179 to -179 degrees in one edge. An edge of more than
270 degrees is read as the short way across the date line, with three exceptions that files have:
a rectangle drawn by its corners, a band around the Earth, and a ring that is already cut and
follows the pole from one side of the map to the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.regions.coverage import Ring, ring_area

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["is_wide_rectangle", "lay_out_polygon", "lay_out_ring"]

Float64 = npt.NDArray[np.float64]

_LONGEST_EDGE_DEG = 270.0
_CLOSING_GAP_DEG = 5.0
"""Longest edge that closes a ring around a pole; a longer one belongs to a coarse band."""

_EMPTY = 1e-12
"""Steradians: half a square metre."""


def lay_out_polygon(rings: Sequence[Float64]) -> list[Ring]:
    """Return the rings of one polygon without jumps, each as edge or as hole.

    Parameters
    ----------
    rings : sequence of ndarray of float64, shape (n, 2)
        Longitude and latitude in degrees, closed. The largest one is the edge, whatever their order
        is: of a ring around a pole and one around the hole at that pole, files name either first.

    Returns
    -------
    list of Ring

    Raises
    ------
    ValueError
        As `lay_out_ring`.
    """
    lines = [lay_out_ring(points) for points in rings if len(points) > 3]
    areas = [abs(ring_area(line)) for line in lines]
    outer = int(np.argmax(areas)) if areas else 0
    return [Ring(line, is_hole=position != outer) for position, line in enumerate(lines)]


def lay_out_ring(points: Float64) -> Float64:
    """Return the ring in longitudes without jumps, closed along the pole if it goes around one.

    Parameters
    ----------
    points : ndarray of float64, shape (n, 2)
        Longitude and latitude in degrees, closed.

    Returns
    -------
    ndarray of float64, shape (m, 2)
        The same line; longitudes may leave -180..180.

    Raises
    ------
    ValueError
        If a coordinate is not a longitude or latitude in degrees, or if the ring goes around the
        Earth in a way that can be read in two ways; the message names them.
    """
    x, y = points[:, 0], points[:, 1]
    if not np.isfinite(points).all():
        raise ValueError("a coordinate is not a finite number")
    if np.abs(y).max() > 90 or np.abs(x).max() > 540:
        raise ValueError(
            f"coordinate ({x[np.argmax(np.abs(x))]:g}, {y[np.argmax(np.abs(y))]:g}) is not a "
            "longitude and latitude in degrees"
        )
    steps = np.diff(x)
    if np.abs(steps).max(initial=0) <= _LONGEST_EDGE_DEG or _is_rectangle(points):
        return points
    # Whole turns are added to longitudes: sums of steps would not close the ring exactly.
    turned = np.where(np.abs(steps) > _LONGEST_EDGE_DEG, np.round(steps / 360) * 360, 0)
    unrolled = np.column_stack([x - np.concatenate([[0.0], np.cumsum(turned)]), y])
    turns = round(float(unrolled[-1, 0] - unrolled[0, 0]) / 360)
    jumps = np.abs(steps)[np.abs(steps) > _LONGEST_EDGE_DEG]
    if turns == 0:
        # A band around the Earth by its corners: the short way, it has no area.
        is_empty = abs(ring_area(unrolled)) < _EMPTY
        return points if is_empty else unrolled
    if np.all(np.abs(jumps - 360) < 1e-6):
        # From one side of the map to the other: the ring is cut already.
        return points
    if abs(turns) > 1 or np.any(360 - jumps > _CLOSING_GAP_DEG):
        raise ValueError(
            f"a ring goes around the Earth with an edge of {jumps.min():g} degrees; it is either a "
            "band or a cap around a pole: cut the polygon at the date line"
        )
    pole = 90.0 if float(np.mean(y)) > 0 else -90.0
    along_pole = np.array([[unrolled[-1, 0], pole], [unrolled[0, 0], pole], unrolled[0]])
    return np.concatenate([unrolled, along_pole])


def is_wide_rectangle(points: Float64) -> bool:
    """Return whether the ring is a rectangle that may have been meant the short way round.

    It is read as drawn. One of 360 degrees is a band around the Earth.
    """
    width = float(np.ptp(points[:, 0]))
    return _LONGEST_EDGE_DEG < width < 360 - 1e-6 and _is_rectangle(points)


def _is_rectangle(points: Float64) -> bool:
    """Return whether the ring is a rectangle of the map drawn by its four corners."""
    if len(points) != 5:
        return False
    along = np.diff(points, axis=0) == 0
    return bool(np.all(along[:, 0] != along[:, 1]) and np.all(along[:-1, 0] == along[1:, 1]))
