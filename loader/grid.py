"""The regular latitude/longitude grid that all sources of a build share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from loader.errors import GridError

__all__ = ["EARTH_RADIUS_M", "TOLERANCE_DEG", "Axis", "Grid", "grid_from_coordinates"]

EARTH_RADIUS_M = 6_371_000.0
"""Mean Earth radius in metres; reproduces the `cell_area` of the BLUE files."""

TOLERANCE_DEG = 1e-4
"""Coordinates closer than this, in degrees, are the same grid."""

_SQUARE_METRES_PER_HECTARE = 10_000.0
_DENOMINATORS = (1, 2, 4, 8, 16, 20, 24, 40, 60, 120, 240, 480, 1200, 3600, 7200)
"""Denominators of the steps and first centres of grids in use, the simplest first."""

_MAX_CELLS = 2**31 - 1

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """A regular grid; row 0 is the northernmost, column 0 the westernmost.

    Attributes
    ----------
    n_lat, n_lon : int
        Number of rows and columns.
    north, west : float
        Centre of row 0 and of column 0, degrees; `west` is in [-180, 180).
    step_lat, step_lon : float
        Distance of centres, degrees, both positive.
    """

    n_lat: int
    n_lon: int
    north: float
    west: float
    step_lat: float
    step_lon: float

    @classmethod
    def global_grid(cls, resolution: float) -> Grid:
        """Return the global grid of cells `resolution` degrees wide, centres half a cell inside."""
        return cls(
            n_lat=round(180 / resolution),
            n_lon=round(360 / resolution),
            north=90 - resolution / 2,
            west=-180 + resolution / 2,
            step_lat=resolution,
            step_lon=resolution,
        )

    @property
    def n_cells(self) -> int:
        """Number of cells; `cell_id` runs from 0 to `n_cells - 1`, row by row."""
        return self.n_lat * self.n_lon

    @property
    def latitude(self) -> Float64:
        """Row centres, degrees north, shape (n_lat,), from north to south."""
        return self.north - self.step_lat * np.arange(self.n_lat, dtype=np.float64)

    @property
    def longitude(self) -> Float64:
        """Column centres, degrees east in [-180, 180), shape (n_lon,), from west to east."""
        centres = self.west + self.step_lon * np.arange(self.n_lon, dtype=np.float64)
        return np.where(centres >= 180.0, centres - 360.0, centres)

    @property
    def is_global(self) -> bool:
        """Whether the columns go once around the Earth."""
        return abs(self.n_lon * self.step_lon - 360.0) < TOLERANCE_DEG

    def row_edges(self) -> Float64:
        """Northern edges of the rows and the last southern one, degrees, shape (n_lat + 1,)."""
        edges = self.north + self.step_lat / 2 - self.step_lat * np.arange(self.n_lat + 1)
        return np.clip(edges, -90.0, 90.0)

    def cell_area_ha(self) -> Float64:
        """Area of one cell of each row on the sphere.

        Returns
        -------
        ndarray of float64, shape (n_lat,)
            Hectares: R^2 * dlon * (sin(north) - sin(south)) with R = `EARTH_RADIUS_M`, the formula
            that the `cell_area` of the BLUE ELUC file follows.
        """
        sines = np.sin(np.deg2rad(self.row_edges()))
        bands: Float64 = EARTH_RADIUS_M**2 * np.deg2rad(self.step_lon) * (sines[:-1] - sines[1:])
        return bands / _SQUARE_METRES_PER_HECTARE

    def place(self, cell_id: int) -> str:
        """Return the position of the centre of a cell, for messages."""
        row, column = divmod(cell_id, self.n_lon)
        return f"latitude {self.latitude[row]:g}, longitude {self.longitude[column]:g}"

    def same_as(self, other: Grid) -> bool:
        """Whether every centre of the two grids agrees within `TOLERANCE_DEG`."""
        if (self.n_lat, self.n_lon) != (other.n_lat, other.n_lon):
            return False
        longitudes = (self.longitude - other.longitude + 180.0) % 360.0 - 180.0
        return bool(
            np.all(np.abs(self.latitude - other.latitude) < TOLERANCE_DEG)
            and np.all(np.abs(longitudes) < TOLERANCE_DEG)
        )

    def __str__(self) -> str:
        """Describe the grid in a line, for messages."""
        east = self.west + (self.n_lon - 1) * self.step_lon
        south = self.north - (self.n_lat - 1) * self.step_lat
        return (
            f"{self.n_lat} x {self.n_lon} cells of {self.step_lat:g} x {self.step_lon:g} degrees, "
            f"centres {self.north:g} to {south:g} N and {self.west:g} to {east:g} E"
        )


@dataclass(frozen=True)
class Axis:
    """How a file's rows or columns map to the grid's.

    Attributes
    ----------
    reverse : bool
        The file runs the other way (south to north, or east to west).
    shift : int
        After reversing, grid position 0 is file position `shift`; positions wrap around.
    """

    reverse: bool = False
    shift: int = 0

    def orient(self, array: npt.NDArray[np.generic], axis: int) -> npt.NDArray[np.generic]:
        """Return `array`, in file order along `axis`, in grid order (a view where possible)."""
        if self.reverse:
            array = np.flip(array, axis)
        return np.roll(array, -self.shift, axis) if self.shift else array

    def in_file(self, count: int) -> npt.NDArray[np.int32]:
        """Return the grid position of each of the `count` positions of the file, shape (count,)."""
        order = np.roll(np.arange(count, dtype=np.int32), self.shift)
        return order[::-1].copy() if self.reverse else order


def grid_from_coordinates(
    latitude: npt.ArrayLike, longitude: npt.ArrayLike, path: str
) -> tuple[Grid, Axis, Axis]:
    """Recognise the nominal grid behind a file's coordinates.

    Parameters
    ----------
    latitude, longitude : array_like of float, 1-D
        Cell centres in degrees in the file's order: latitude in either direction, longitude in
        either direction and in any range (0..360 as well as -180..180).
    path : str
        The file, for messages.

    Returns
    -------
    tuple of (Grid, Axis, Axis)
        The nominal grid, and how the file's rows and columns map to it.

    Raises
    ------
    GridError
        If a coordinate is not finite, out of range, duplicated or unevenly spaced.
    """
    lat = _checked(latitude, "latitude", path)
    lon = _checked(longitude, "longitude", path)
    if np.abs(lat).max() > 90 + TOLERANCE_DEG:
        raise GridError(path, f"latitude {_extreme(lat):g} is outside -90..90 degrees", "latitude")
    if np.abs(lon).max() > 540:
        raise GridError(path, f"longitude {_extreme(lon):g} is outside -360..360", "longitude")
    # Put both axes in order: from the north, and from the west without a jump.
    reverse_lat = bool(lat[-1] > lat[0])
    north, step_lat = _regular(lat[::-1] if reverse_lat else lat, -1, "latitude", path)
    columns, axis_lon = _unwrap(lon)
    west, step_lon = _regular(columns, 1, "longitude", path)
    if len(lon) * step_lon > 360 + TOLERANCE_DEG:
        problem = (
            f"{len(lon)} columns {step_lon:g} degrees apart go around the Earth more than once"
        )
        raise GridError(path, problem, "longitude")
    if len(lat) * len(lon) > _MAX_CELLS:
        raise GridError(path, f"{len(lat)} x {len(lon)} cells are more than cell_id can number")
    # A grid that begins at 180 degrees east begins at -180.
    west = (west + 180.0) % 360.0 - 180.0
    if abs(west - 180.0) < TOLERANCE_DEG:
        west = -180.0
    grid = Grid(len(lat), len(lon), north, west, step_lat, step_lon)
    return grid, Axis(reverse=reverse_lat), axis_lon


def _checked(values: npt.ArrayLike, name: str, path: str) -> Float64:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size < 2:
        problem = f"{name} has shape {array.shape}; expected one dimension of at least two centres"
        raise GridError(path, problem, name)
    bad = np.flatnonzero(~np.isfinite(array) | (np.abs(array) > 1e6))
    if bad.size:
        step = int(bad[0])
        if np.isnan(array[step]):
            problem = f"{name}[{step}] is missing (NaN or its own fill value)"
            raise GridError(path, f"{problem}; expected no missing coordinate", name)
        raise GridError(path, f"{name}[{step}] is {array[step]:g}, not a coordinate", name)
    return array


def _extreme(values: Float64) -> float:
    return float(values[np.argmax(np.abs(values))])


def _unwrap(lon: Float64) -> tuple[Float64, Axis]:
    """Order columns from the westernmost, starting after the widest gap, or at -180 if global."""
    steps = np.diff(lon)
    reverse = bool(np.median(steps) < 0)
    ordered = lon[::-1] if reverse else lon
    wrapped = (ordered + 180.0) % 360.0 - 180.0
    wrapped[wrapped > 180.0 - TOLERANCE_DEG / 2] -= 360.0
    step = abs(float(np.median(steps)))
    covers_all = abs(len(lon) * step - 360.0) < TOLERANCE_DEG * len(lon)
    if covers_all:
        shift = int(np.argmin(wrapped))
    else:
        gaps = np.diff(np.concatenate([wrapped[-1:], wrapped])) % 360.0
        shift = int(np.argmax(gaps))
    columns = np.roll(wrapped, -shift)
    columns = np.where(columns < columns[0] - TOLERANCE_DEG, columns + 360.0, columns)
    return columns, Axis(reverse=reverse, shift=shift)


def _regular(centres: Float64, sign: int, name: str, path: str) -> tuple[float, float]:
    """Return first centre and step of evenly spaced centres, snapped to simple fractions."""
    count = len(centres)
    measured = sign * (float(centres[-1]) - float(centres[0])) / (count - 1)
    if measured <= 0:
        raise GridError(path, f"{name} is neither ascending nor descending", name)
    # Coordinates are often float32: the simple fraction nearby is what they mean.
    step = _snap(measured, TOLERANCE_DEG / count)
    first = _snap(float(centres[0]), TOLERANCE_DEG / 2)
    residual = np.abs(centres - (first + sign * step * np.arange(count)))
    worst = int(np.argmax(residual))
    if residual[worst] >= TOLERANCE_DEG:
        raise GridError(
            path,
            f"{name} is not evenly spaced: {centres[worst]:.6f} is {residual[worst]:.6f} degrees "
            f"off a regular grid of {measured:g} degrees; expected a regular latitude/longitude "
            "grid (regrid the file first)",
            name,
        )
    return first, step


def _snap(value: float, tolerance: float) -> float:
    """Return the simplest fraction within `tolerance`, to keep float32 noise out of the grid."""
    for denominator in _DENOMINATORS:
        simple = round(value * denominator) / denominator
        if abs(simple - value) <= tolerance:
            return simple
    return value
