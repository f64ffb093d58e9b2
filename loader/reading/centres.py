"""Read the grid of a file from its coordinates, which must be the centres of the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.errors import GridError
from loader.grid import TOLERANCE_DEG, grid_from_coordinates
from loader.reading.planes import read_coordinate

if TYPE_CHECKING:
    import xarray as xr

    from loader.grid import Axis, Grid
    from loader.reading.coordinates import Dimensions

__all__ = ["read_grid", "require_centres"]

Float64 = npt.NDArray[np.float64]


def read_grid(dataset: xr.Dataset, dims: Dimensions, path: str) -> tuple[Grid, Axis, Axis]:
    """Read the coordinates of a file and recognise its grid.

    Parameters
    ----------
    dataset : xarray.Dataset
    dims : Dimensions
    path : str
        The file, for messages.

    Returns
    -------
    tuple of (Grid, Axis, Axis)
        The nominal grid, and how the file's rows and columns map to it.

    Raises
    ------
    GridError
        If the coordinates are not the centres of a regular grid.
    SourceError
        If they cannot be read or decoded.
    """
    latitude = read_coordinate(dataset, dims.latitude, path)
    longitude = read_coordinate(dataset, dims.longitude, path)
    grid, rows, columns = grid_from_coordinates(latitude, longitude, path)
    bounds = [_read_bounds(dataset, name, path) for name in (dims.latitude, dims.longitude)]
    require_centres(
        grid, (dims.latitude, latitude, bounds[0]), (dims.longitude, longitude, bounds[1]), path
    )
    return grid, rows, columns


def _read_bounds(dataset: xr.Dataset, name: str, path: str) -> npt.ArrayLike | None:
    """Return the CF bounds of a coordinate, or None if the file has none that are numbers."""
    axis = dataset.variables[name]
    bounds = str(axis.attrs.get("bounds") or axis.encoding.get("bounds") or "")
    stored = dataset.variables.get(bounds)
    if stored is None or stored.ndim != 2 or stored.dtype.kind not in "iuf":
        return None
    return read_coordinate(dataset, bounds, path)


def require_centres(
    grid: Grid,
    latitude: tuple[str, npt.ArrayLike, npt.ArrayLike | None],
    longitude: tuple[str, npt.ArrayLike, npt.ArrayLike | None],
    path: str,
) -> None:
    """Raise if a file gives the corners of its cells.

    Parameters
    ----------
    grid : Grid
        As the coordinates alone describe it.
    latitude, longitude : tuple of (str, array_like of shape (n,), array_like of shape (n, 2))
        Name of the coordinate, its values and its CF bounds, in degrees; None without bounds.
    path : str
        The file, for messages.

    Raises
    ------
    GridError
        If the bounds say so, or the rows would reach beyond a pole: as many rows as reach from
        pole to pole, the first or last of them centred on one.

    Notes
    -----
    A grid with a row on either pole (90 to -90) is one of points; its rows there are half as high.
    Bounds count only where the coordinates are whole multiples of the step, as corners are: those
    of LUH2's static grid are half a cell off its centres.
    """
    # 1. Bounds decide, if there are any.
    for step, (name, values, bounds) in ((grid.step_lat, latitude), (grid.step_lon, longitude)):
        if _are_corners(np.asarray(values, dtype=np.float64), bounds, step):
            problem = "its bounds show that it holds the edges of the cells, not their centres"
            raise GridError(path, f"{problem}; {_fix(step)}", name)
    # 2. Without bounds: rows that cover the Earth from pole to pole, with one at a pole itself,
    # would reach beyond it if they were centres.
    name, values, bounds = latitude
    south = grid.north - (grid.n_lat - 1) * grid.step_lat
    is_on_pole = max(grid.north, -south) > 90.0 - TOLERANCE_DEG
    from_pole_to_pole = abs(grid.n_lat * grid.step_lat - 180.0) < TOLERANCE_DEG
    if from_pole_to_pole and is_on_pole and not _are_around(values, bounds):
        centred = 90.0 - grid.step_lat / 2
        raise GridError(
            path,
            f"its {grid.n_lat} rows of {grid.step_lat:g} degrees run from {grid.north:g} to "
            f"{south:g}, so they are the corners of the cells, not their centres ({centred:g} to "
            f"{-centred:g}); {_fix(grid.step_lat)}. If they are centres and a row is left out, add "
            "bounds to the coordinates",
            name,
        )


def _fix(step: float) -> str:
    return f"shift latitudes and longitudes by half a cell ({step / 2:g} degrees) to the centres"


def _ends(
    values: npt.ArrayLike, bounds: npt.ArrayLike | None
) -> tuple[Float64, Float64, Float64] | None:
    """Return values and both ends of their cells; None if the bounds are not usable."""
    centres = np.asarray(values, dtype=np.float64)
    edges = np.asarray(() if bounds is None else bounds, dtype=np.float64)
    if edges.shape != (len(centres), 2) or not np.isfinite(edges).all():
        return None
    return centres, edges.min(axis=1), edges.max(axis=1)


def _are_corners(values: Float64, bounds: npt.ArrayLike | None, step: float) -> bool:
    """Return whether every value is the same end of its cell, and a multiple of the step."""
    ends = _ends(values, bounds)
    multiples = np.abs(values / step - np.round(values / step)) * step
    if ends is None or np.any(multiples >= TOLERANCE_DEG):
        return False
    _, low, high = ends
    is_wide = np.abs(high - low - step) < TOLERANCE_DEG
    at_low, at_high = np.abs(values - low) < TOLERANCE_DEG, np.abs(values - high) < TOLERANCE_DEG
    return bool(is_wide.all() and (at_low.all() or at_high.all()))


def _are_around(values: npt.ArrayLike, bounds: npt.ArrayLike | None) -> bool:
    """Return whether bounds enclose their values, ignoring those at a pole."""
    ends = _ends(values, bounds)
    if ends is None:
        return False
    centres, low, high = ends
    inner = np.abs(centres) < 90.0 - TOLERANCE_DEG
    off = np.abs((low + high) / 2 - centres)[inner]
    return bool(inner.any() and np.all(off < TOLERANCE_DEG))
