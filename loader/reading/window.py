"""The window that sources of different extent have in common, on one lattice of cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.errors import UsageError
from loader.grid import TOLERANCE_DEG, Grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loader.box import Box

__all__ = ["Part", "box_window", "common_window", "part_of"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """The rows and columns of a grid that a window holds, by position in the grid."""

    rows: Ints
    columns: Ints


def common_window(grids: Sequence[Grid]) -> Grid | None:
    """Return the largest grid that all grids contain.

    Parameters
    ----------
    grids : sequence of Grid
        At least one.

    Returns
    -------
    Grid or None
        None if their cells are not the same ones, or they share no cell, or two separate areas.
    """
    first = grids[0]
    if all(grid.same_as(first) for grid in grids):
        return first
    around = round(360.0 / first.step_lon)
    rows = np.arange(first.n_lat)
    columns = np.ones(around, dtype=np.bool_)
    for grid in grids:
        offset = _offset(first, grid)
        if offset is None:
            return None
        row, column = offset
        rows = rows[(rows >= row) & (rows < row + grid.n_lat)]
        inside = np.zeros(around, dtype=np.bool_)
        inside[(column + np.arange(grid.n_lon)) % around] = True
        columns &= inside
    # Where a run of common columns begins; none begins where they go around the Earth.
    begins = np.flatnonzero(columns & ~np.roll(columns, 1))
    if not rows.size or not columns.any() or begins.size > 1:
        return None
    west = first.west + first.step_lon * (int(begins[0]) if begins.size else 0)
    return Grid(
        n_lat=len(rows),
        n_lon=int(np.count_nonzero(columns)),
        north=first.north - first.step_lat * int(rows[0]),
        west=(west + 180.0) % 360.0 - 180.0,
        step_lat=first.step_lat,
        step_lon=first.step_lon,
    )


def box_window(grid: Grid, box: Box) -> Grid:
    """Return the part of a grid whose cell centres are in a box.

    Raises
    ------
    UsageError
        If there are none, fewer than two rows or columns, or two separate areas.
    """
    rows = np.flatnonzero(box.holds_latitude(grid.latitude))
    columns = box.holds_longitude(grid.longitude)
    # Of a grid that goes around the Earth the last column is next to the first one.
    before = np.roll(columns, 1)
    if not grid.is_global:
        before[0] = False
    begins = np.flatnonzero(columns & ~before)
    count = int(np.count_nonzero(columns))
    if rows.size < 2 or count < 2:
        found = f"{rows.size * count} cell centres" if rows.size * count else "no cell centre"
        raise UsageError(
            f"--bbox {box.text()} contains {found} of the grid ({grid}); choose a box of at least "
            "two rows and two columns"
        )
    if begins.size > 1:
        raise UsageError(
            f"--bbox {box.text()} contains two separate areas of the grid ({grid}); build one "
            "database for each"
        )
    west = grid.west + grid.step_lon * (int(begins[0]) if begins.size else 0)
    return Grid(
        n_lat=len(rows),
        n_lon=count,
        north=grid.north - grid.step_lat * int(rows[0]),
        west=(west + 180.0) % 360.0 - 180.0,
        step_lat=grid.step_lat,
        step_lon=grid.step_lon,
    )


def part_of(grid: Grid, window: Grid) -> Part | None:
    """Return where a window is in a grid; None if the grid does not hold all of it."""
    offset = _offset(grid, window)
    if offset is None:
        return None
    rows = offset[0] + np.arange(window.n_lat)
    columns = offset[1] + np.arange(window.n_lon)
    if grid.is_global:
        columns %= grid.n_lon
    elif columns.max() >= grid.n_lon:
        return None
    is_inside = rows.min() >= 0 and rows.max() < grid.n_lat
    return Part(rows, columns) if is_inside else None


def _offset(grid: Grid, other: Grid) -> tuple[int, int] | None:
    """Return the offset of another grid in rows and columns; None if it is not whole cells."""
    drift = max(
        abs(grid.step_lat - other.step_lat) * max(grid.n_lat, other.n_lat),
        abs(grid.step_lon - other.step_lon) * max(grid.n_lon, other.n_lon),
    )
    south = (grid.north - other.north) / grid.step_lat
    # An offset just west of the grid is a full turn east of it, up to rounding noise.
    east = ((other.west - grid.west + TOLERANCE_DEG) % 360.0 - TOLERANCE_DEG) / grid.step_lon
    row, column = round(south), round(east)
    off = max(abs(south - row) * grid.step_lat, abs(east - column) * grid.step_lon)
    return (row, column) if max(drift, off) < TOLERANCE_DEG else None
