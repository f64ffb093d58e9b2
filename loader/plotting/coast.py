"""The coast, from the land mask of the build itself: nothing is downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from loader.grid import Grid

__all__ = ["coast_lines"]

Float64 = npt.NDArray[np.float64]


def coast_lines(grid: Grid, land: npt.NDArray[np.float32]) -> list[Float64]:
    """Return the lines where half of the area is land.

    Parameters
    ----------
    grid : Grid
    land : ndarray of float32, shape (n_lat, n_lon)
        Share of land of every cell.

    Returns
    -------
    list of ndarray of float64, shape (n, 2)
        Longitude and latitude of the points of a line, degrees; longitudes run on from the
        westernmost column, beyond 180 where the grid does. A global grid's lines reach over both
        of its ends, so that none is open at the date line.
    """
    from contourpy import contour_generator  # noqa: PLC0415  # comes with the extra `plot`

    columns = np.arange(grid.n_lon)
    if grid.is_global:
        columns = np.arange(-1, grid.n_lon + 1)
    longitude = grid.west + grid.step_lon * columns
    shares = land[:, columns % grid.n_lon]
    lines: list[Float64] = contour_generator(longitude, grid.latitude, shares).lines(0.5)  # type: ignore[assignment]  # one line type is the default
    return lines
