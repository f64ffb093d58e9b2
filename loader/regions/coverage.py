"""The exact part of each cell's area that a polygon covers.

Edges are straight in longitude and latitude, as GeoJSON (RFC 7946) and GIS programs read them, and
areas are those of the sphere. With p the latitude, the area below an edge from (x0, p0) to (x1, p1)
is

    R^2 * (x1 - x0) * mean(sin p),  mean(sin p) = sin((p0 + p1) / 2) * sinc((p1 - p0) / 2)

which is the integral of sin p along the edge, without approximation. Cutting every edge at the
lines of the grid leaves pieces that are in one cell each. A piece covers the part of its own cell
below it, and the cells south of it over its whole width; the signed sum over all edges of a ring is
what the ring covers (Green's theorem). No polygon is clipped, no cell is sampled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loader.grid import Grid

__all__ = ["Coverage", "Ring", "add_up", "cover_cells", "ring_area"]

Float64 = npt.NDArray[np.float64]
_Edges = tuple[Float64, Float64, Float64, Float64, Float64]

SMALLEST_SHARE = 1e-9
"""Shares below are rounding: of a 0.25 degree cell at the equator, less than a square metre."""

_ROUNDING = 1e-12
"""Shares below are left out of a sum, of which a thousand parts stay below `SMALLEST_SHARE`."""

_EDGES_AT_ONCE = 500_000
"""Bounds the memory of the intermediate arrays: 0.3 kB an edge."""

_PIECES_AT_ONCE = 8
"""Coverages that are kept before they are added up."""

_FEWEST_POINTS = 4
"""A ring of fewer, of which the last repeats the first, has no area."""

_TURN = 360.0


@dataclass(frozen=True)
class Ring:
    """A closed line that adds area or, as a hole, subtracts it.

    Attributes
    ----------
    points : ndarray of float64, shape (n, 2)
        Longitude and latitude in degrees, the first point repeated as the last.
    is_hole : bool
        Whether the ring is the edge of a hole.
    """

    points: Float64
    is_hole: bool = False


@dataclass(frozen=True)
class Coverage:
    """The cells that a region touches.

    Attributes
    ----------
    cell_id : ndarray of int32, shape (n,)
        Ascending.
    share : ndarray of float64, shape (n,)
        The part of the cell's area inside the region, above 0; above 1 only where rings of the
        region overlap.
    """

    cell_id: npt.NDArray[np.int32]
    share: Float64


def ring_area(points: Float64) -> float:
    """Return the signed area that a closed line surrounds on the unit sphere.

    Parameters
    ----------
    points : ndarray of float64, shape (n, 2)
        Longitude and latitude in degrees, closed.

    Returns
    -------
    float
        Steradians; positive if the line runs clockwise on a map with north at the top.
    """
    area = 0.0
    for start in range(0, len(points) - 1, _EDGES_AT_ONCE):
        x, lat = np.deg2rad(points[start : start + _EDGES_AT_ONCE + 1].T)
        area += float(np.sum(np.diff(x) * _mean_sine(lat[:-1], lat[1:])))
    return area


def cover_cells(rings: Sequence[Ring], grid: Grid) -> Coverage:
    """Return which part of each cell the rings of one region cover.

    Parameters
    ----------
    rings : sequence of Ring
        Valid: they do not cross, and holes lie inside. Longitudes may run over any range, as those
        of a ring that crosses the date line do.
    grid : Grid

    Returns
    -------
    Coverage
    """
    # In units of columns and rows, counted from the north-western corner of the grid.
    west = grid.west - grid.step_lon / 2
    top = float(grid.row_edges()[0])
    # Row 0 of a grid with a row on the pole is half as high as the others.
    offset = (grid.north + grid.step_lat / 2 - top) / grid.step_lat
    pieces: list[Coverage] = []
    for (x0, y0, x1, y1, sign), is_closed in _edge_blocks(rings):
        v0, v1 = ((top - y) / grid.step_lat + offset for y in (y0, y1))
        first_turn = int(np.floor((min(x0.min(), x1.min()) - west) / _TURN))
        last_turn = int(np.floor((max(x0.max(), x1.max()) - west) / _TURN))
        for turn in range(first_turn, last_turn + 1):
            u0, u1 = ((x - west - turn * _TURN) / grid.step_lon for x in (x0, x1))
            some = _cover_window((u0, v0, u1, v1, sign), grid, is_closed=is_closed)
            pieces.append(Coverage(*some))
        # An area is a sum over edges, so that blocks of them add up.
        if len(pieces) > _PIECES_AT_ONCE:
            pieces = [add_up(pieces, smallest=0.0)]
    return add_up(pieces)


def add_up(coverages: Sequence[Coverage], smallest: float = SMALLEST_SHARE) -> Coverage:
    """Return the sum of coverages; shares of `smallest` and less are left out.

    Parameters
    ----------
    coverages : sequence of Coverage
        Of one grid.
    smallest : float
        A share above 0, or 0 for sums of which parts are still to come.

    Returns
    -------
    Coverage
    """
    cells = np.concatenate([np.zeros(0, np.int32), *(one.cell_id for one in coverages)])
    shares = np.concatenate([np.zeros(0), *(one.share for one in coverages)])
    number, which = np.unique(cells, return_inverse=True)
    total = np.bincount(which, shares, len(number)).astype(np.float64)
    kept = total > smallest if smallest else total != 0
    return Coverage(number[kept], total[kept])


def _edge_blocks(rings: Sequence[Ring]) -> Iterator[tuple[_Edges, bool]]:
    """Yield start and end of the edges, and the sign with which each counts, block by block.

    The second value is whether the block has complete rings only.
    """
    waiting: list[_Edges] = []
    size = 0
    for ring in rings:
        if len(ring.points) < _FEWEST_POINTS:
            continue
        edges = _edges(ring)
        count = len(edges[0])
        if count > _EDGES_AT_ONCE:
            for start in range(0, count, _EDGES_AT_ONCE):
                x0, y0, x1, y1, sign = (one[start : start + _EDGES_AT_ONCE] for one in edges)
                yield (x0, y0, x1, y1, sign), False
            continue
        if waiting and size + count > _EDGES_AT_ONCE:
            yield _joined(waiting), True
            waiting, size = [], 0
        waiting.append(edges)
        size += count
    if waiting:
        yield _joined(waiting), True


def _joined(blocks: Sequence[_Edges]) -> _Edges:
    x0, y0, x1, y1, sign = (np.concatenate(column) for column in zip(*blocks, strict=True))
    return x0, y0, x1, y1, sign


def _edges(ring: Ring) -> _Edges:
    """Return start and end of each edge, and the sign with which it counts."""
    x, y = ring.points[:, 0], ring.points[:, 1]
    clockwise = ring_area(ring.points) > 0
    sign = 1.0 if clockwise != ring.is_hole else -1.0
    return x[:-1], y[:-1], x[1:], y[1:], np.full(len(x) - 1, sign)


def _cover_window(
    edges: _Edges, grid: Grid, *, is_closed: bool
) -> tuple[npt.NDArray[np.int32], Float64]:
    """Cover the cells of the grid by edges in units of columns and rows.

    Closed lines cover nothing south of themselves. A part of a line alone covers all cells south of
    it, until the other parts of its ring are subtracted.
    """
    # 1. Cut at the lines between columns; parts east or west of the grid cover none of it.
    u0, v0, u1, v1, sign = _cut(*edges, limit=grid.n_lon)
    middle = (u0 + u1) / 2
    inside = (middle > 0) & (middle < grid.n_lon) & (u0 != u1)
    if not inside.any():
        return np.zeros(0, np.int32), np.zeros(0)
    u0, v0, u1, v1, sign = (values[inside] for values in (u0, v0, u1, v1, sign))
    # 2. Cut at the lines between rows. Parts north of the grid cover complete columns of it, like
    #    an edge along its top; parts south of it cover nothing, like an edge along its bottom.
    v0, u0, v1, u1, sign = _cut(v0, u0, v1, u1, sign, limit=grid.n_lat)
    v0, v1 = np.clip(v0, 0, grid.n_lat), np.clip(v1, 0, grid.n_lat)
    column = np.clip(np.floor((u0 + u1) / 2).astype(np.int64), 0, grid.n_lon - 1)
    row = np.clip(np.floor((v0 + v1) / 2).astype(np.int64), 0, grid.n_lat - 1)
    # 3. The area below each piece, in its own cell and in those south of it.
    edge = np.sin(np.deg2rad(grid.row_edges()))
    height = edge[:-1] - edge[1:]
    north = grid.north + grid.step_lat / 2
    lat0, lat1 = (np.deg2rad(np.clip(north - v * grid.step_lat, -90.0, 90.0)) for v in (v0, v1))
    width = (u1 - u0) * sign
    below = width * (_mean_sine(lat0, lat1) - edge[row + 1])
    # 4. Add up within the window that the pieces span.
    top, left = int(row.min()), int(column.min())
    bottom = int(row.max()) + 1 if is_closed else grid.n_lat
    shape = (bottom - top, int(column.max()) - left + 1)
    place = (row - top) * shape[1] + (column - left)
    size = shape[0] * shape[1]
    own = np.bincount(place, below, size).reshape(shape)
    widths = np.bincount(place, width, size).reshape(shape)
    from_north = np.cumsum(widths, axis=0) - widths
    heights = height[top : top + shape[0], None]
    share = own / heights + from_north
    rows, columns = np.nonzero(np.abs(share) > _ROUNDING)
    cells = (rows + top) * grid.n_lon + columns + left
    return cells.astype(np.int32), share[rows, columns]


def _cut(
    a0: Float64, b0: Float64, a1: Float64, b1: Float64, sign: Float64, *, limit: int
) -> tuple[Float64, Float64, Float64, Float64, Float64]:
    """Cut edges where `a` is a whole number from 0 to `limit`; each piece keeps its direction."""
    first = np.clip(np.floor(np.minimum(a0, a1)) + 1, 0, limit + 1)
    last = np.clip(np.ceil(np.maximum(a0, a1)) - 1, -1, limit)
    cuts = np.maximum(last - first + 1, 0).astype(np.int64)
    pieces = cuts + 1
    edge = np.repeat(np.arange(len(a0)), pieces)
    # The number of the piece within its edge.
    within = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    ascending = (a1 >= a0)[edge]
    # The line at the start of a piece (after the first), and at its end (before the last).
    at_start = np.where(ascending, first[edge] + within - 1, last[edge] - within + 1)
    at_end = np.where(ascending, first[edge] + within, last[edge] - within)
    is_first, is_last = within == 0, within == cuts[edge]
    span = np.where(a1 == a0, 1.0, a1 - a0)[edge]

    def other(line: Float64) -> Float64:
        return b0[edge] + (line - a0[edge]) / span * (b1 - b0)[edge]

    return (
        np.where(is_first, a0[edge], at_start),
        np.where(is_first, b0[edge], other(at_start)),
        np.where(is_last, a1[edge], at_end),
        np.where(is_last, b1[edge], other(at_end)),
        sign[edge],
    )


def _mean_sine(lat0: Float64, lat1: Float64) -> Float64:
    """Return the mean of the sine of the latitude along straight edges, radians."""
    mean: Float64 = np.sin((lat0 + lat1) / 2) * np.sinc((lat1 - lat0) / (2 * np.pi))
    return mean
