"""Which cells are land: the notebook's mask, and the share of each cell that is land.

The mask of the package `global-land-mask` (NOAA GLOBE, 30 arc-seconds, 21600 x 43200) is one
compressed array. Importing the package inflates all of it, which takes seconds and 0.93 GB; here
it is streamed row by row instead, in a few megabytes, and the result for a grid is cached.

`is_land` looks up one pixel a cell, with the package's own index formula in float32. That matters:
0.25 degree centres lie exactly on pixel corners, so rounding decides, and float32 arithmetic (what
NumPy 1 did with float32 coordinates) gives the published count of 343,956 land cells, where float64
gives 343,895. `land_fraction` does not depend on rounding.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from loader.cache import recall, remember
from loader.errors import LandMaskError
from loader.grid import Grid

__all__ = ["LandMask", "land_mask"]

_PACKAGE = "global-land-mask"
_ARCHIVE = "globe_combined_mask_compressed.npz"
_RULE = 1
"""Version of the rule: a changed rule must not use results that the old one cached."""

_ROWS_AT_ONCE = 240
"""Pixel rows in memory at a time: 10 MB."""


@dataclass(frozen=True)
class LandMask:
    """Land of one grid.

    Attributes
    ----------
    is_land : ndarray of bool, shape (n_lat, n_lon)
        Whether the pixel at the cell's centre is land.
    land_fraction : ndarray of float32, shape (n_lat, n_lon)
        Share of the 30 arc-second pixels centred in the cell that are land, 0 to 1.
    """

    is_land: npt.NDArray[np.bool_]
    land_fraction: npt.NDArray[np.float32]


def land_mask(grid: Grid, *, is_cached: bool = True) -> LandMask:
    """Return the land mask of a grid, computed or from the cache.

    Parameters
    ----------
    grid : Grid
        The nominal grid; noise in a file's coordinates does not reach the mask.
    is_cached : bool
        Whether to use and fill the cache.

    Returns
    -------
    LandMask

    Raises
    ------
    LandMaskError
        If global-land-mask is not installed or its mask is damaged.

    Notes
    -----
    Source: global-land-mask 1.0.0 (Karin, 2020), from the NOAA GLOBE elevation data. Lakes and the
    Caspian Sea are land there.
    """
    name = f"land-mask-{_key(grid)}.bin"
    if is_cached and (known := _recall(name, grid)) is not None:
        return known
    mask = _compute(grid)
    if is_cached:
        _remember(name, mask)
    return mask


def _key(grid: Grid) -> str:
    try:
        version = importlib.metadata.version(_PACKAGE)
    except importlib.metadata.PackageNotFoundError as error:
        raise LandMaskError(
            f"the package {_PACKAGE} is not installed: pip install {_PACKAGE}"
        ) from error
    return hashlib.sha256(f"{_RULE}|{version}|{grid!r}".encode()).hexdigest()[:16]


def _recall(name: str, grid: Grid) -> LandMask | None:
    """Return the cached mask, or None if there is no valid one."""
    size = grid.n_lat * grid.n_lon
    body = recall(name, 5 * size)
    if body is None or len(body) != 5 * size:
        return None
    # For each cell one byte of the mask, then for each cell four bytes of the fraction.
    is_land = np.frombuffer(body, np.bool_, size).reshape(grid.n_lat, grid.n_lon)
    fraction = np.frombuffer(body, "<f4", size, offset=size).reshape(grid.n_lat, grid.n_lon)
    return LandMask(is_land.copy(), fraction.astype(np.float32))


def _remember(name: str, mask: LandMask) -> None:
    remember(name, mask.is_land.tobytes() + mask.land_fraction.astype("<f4").tobytes())


def _compute(grid: Grid) -> LandMask:
    spec = importlib.util.find_spec("global_land_mask")
    if spec is None or not spec.submodule_search_locations:
        raise LandMaskError(f"the package {_PACKAGE} is not installed: pip install {_PACKAGE}")
    archive = Path(spec.submodule_search_locations[0]) / _ARCHIVE
    try:
        with zipfile.ZipFile(archive) as members:
            with members.open("lat.npy") as file:
                pixel_lat = np.lib.format.read_array(file)
            with members.open("lon.npy") as file:
                pixel_lon = np.lib.format.read_array(file)
            with members.open("mask.npy") as file:
                return _stream(file, pixel_lat, pixel_lon, grid)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        problem = (
            f"{archive}: cannot be read ({error}); reinstall it: pip install --force-reinstall"
        )
        raise LandMaskError(f"{problem} {_PACKAGE}") from error


def _nearest_pixel(
    centres: npt.NDArray[np.float64], pixels: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Return the package's index, `int((x - x0) / step)`, with every operand in float32."""
    low, high = np.float32(pixels.min()), np.float32(pixels.max())
    x = np.clip(centres.astype(np.float32), low, high)
    index = (x - np.float32(pixels[0])) / np.float32(pixels[1] - pixels[0])
    return index.astype(np.int64)


def _stream(
    file: IO[bytes],
    pixel_lat: npt.NDArray[np.float64],
    pixel_lon: npt.NDArray[np.float64],
    grid: Grid,
) -> LandMask:
    n_rows, n_columns = _read_header(file)
    centre_lat = 90.0 - (np.arange(n_rows) + 0.5) * (180.0 / n_rows)
    centre_lon = -180.0 + (np.arange(n_columns) + 0.5) * (360.0 / n_columns)
    north_edge, west_edge = grid.north + grid.step_lat / 2, grid.west - grid.step_lon / 2
    row_of = np.floor((north_edge - centre_lat) / grid.step_lat).astype(np.int64)
    column_of = np.floor(((centre_lon - west_edge) % 360.0) / grid.step_lon).astype(np.int64)
    inside = column_of < grid.n_lon
    wanted_rows = _nearest_pixel(grid.latitude, pixel_lat)
    wanted_columns = _nearest_pixel(grid.longitude, pixel_lon)
    is_land = np.zeros((grid.n_lat, grid.n_lon), dtype=np.bool_)
    land = np.zeros((grid.n_lat, grid.n_lon), dtype=np.int64)
    pixels_in_row = np.zeros(grid.n_lat, dtype=np.int64)
    per_column = np.bincount(column_of[inside], minlength=grid.n_lon)
    for start, rows in _row_blocks(row_of):
        data = file.read(rows * n_columns)
        if len(data) != rows * n_columns:
            raise ValueError(f"the mask ends at row {start}")
        is_ocean = np.frombuffer(data, dtype=np.bool_).reshape(rows, n_columns)
        for row in np.flatnonzero((wanted_rows >= start) & (wanted_rows < start + rows)):
            is_land[row] = ~is_ocean[wanted_rows[row] - start, wanted_columns]
        cell_row = int(row_of[start])
        if 0 <= cell_row < grid.n_lat:
            land_in_column = rows - is_ocean.sum(axis=0, dtype=np.int64)
            land[cell_row] += np.bincount(
                column_of[inside], weights=land_in_column[inside], minlength=grid.n_lon
            ).astype(np.int64)
            pixels_in_row[cell_row] += rows
    total = pixels_in_row[:, None] * per_column[None, :]
    # A cell finer than a pixel may hold no pixel centre: use the pixel that contains it.
    fraction = np.where(total > 0, land / np.maximum(total, 1), is_land)
    return LandMask(is_land, fraction.astype(np.float32))


def _read_header(file: IO[bytes]) -> tuple[int, int]:
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"array format {version}")
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(file)
    if len(shape) != 2 or fortran_order or dtype != np.bool_:
        raise ValueError(f"expected a 2-D array of bool, found {dtype} {shape}")
    return int(shape[0]), int(shape[1])


def _row_blocks(row_of: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return (start, rows) of runs of pixel rows within one row of cells."""
    starts = np.concatenate([[0], np.flatnonzero(np.diff(row_of)) + 1])
    ends = np.append(starts[1:], len(row_of))
    return [
        (begin, min(int(end), begin + _ROWS_AT_ONCE) - begin)
        for start, end in zip(starts, ends, strict=True)
        for begin in range(int(start), int(end), _ROWS_AT_ONCE)
    ]
