"""A gridded source with a known layout: its grid, years, variables and values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from loader.errors import BadValueError, LucLoadError, one_line
from loader.reading.decoding import as_float32, decoded_axis, decoded_variable
from loader.reading.lazy import fetch
from loader.remote.stores import is_address, is_lost, lost_store

if TYPE_CHECKING:
    import xarray as xr

    from loader.grid import Axis, Grid
    from loader.reading.coordinates import Dimensions
    from loader.schema import Source, Variable

__all__ = [
    "GriddedSource",
    "Layout",
    "Slab",
    "name_of_dataset",
    "read_coordinate",
    "read_plane",
]

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Slab:
    """A box of a source: years `first` to `last - 1` by position, rows `north` to `south - 1`."""

    first: int
    last: int
    north: int
    south: int


@dataclass(frozen=True)
class Layout:
    """How to locate the boxes of a file and turn them into grid order.

    Attributes
    ----------
    dimensions : Dimensions
        Names of the file's dimensions.
    rows, columns : Axis
        How the file's rows and columns map to the grid's.
    positions : ndarray of int64, shape (n,)
        Step of the file's time axis for each year.
    stored : dict of str to (xarray.Variable, tuple of numpy scalars)
        The lazy data of each variable and the codes that mean missing in it.
    limits : dict of str to (float, float)
        The valid range of each variable that declares no missing value.
    """

    dimensions: Dimensions
    rows: Axis
    columns: Axis
    positions: npt.NDArray[np.int64]
    stored: dict[str, tuple[xr.Variable, tuple[np.generic, ...]]]
    limits: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class GriddedSource:
    """An open source whose layout is known, ready to be read.

    Attributes
    ----------
    kind : Source
        The kind of source, which names its table.
    path : str
        The file as the user named it, or a description of a dataset in memory.
    grid : Grid
        The nominal grid of its coordinates.
    years : ndarray of int16, shape (n,)
        Its calendar years, ascending.
    variables : tuple of Variable
        The variables that become columns, with the file's own attributes.
    chunk_shape : tuple of int
        Extent of a stored chunk along (time, latitude, longitude).
    notices : tuple of str
        What the user should know about the file.
    window : Grid or None
        The grid, where it is only a part of the file's own.
    """

    kind: Source
    path: str
    dataset: xr.Dataset
    grid: Grid
    years: npt.NDArray[np.int16]
    variables: tuple[Variable, ...]
    chunk_shape: tuple[int, int, int]
    notices: tuple[str, ...]
    layout: Layout = field(repr=False)
    window: Grid | None = None

    @property
    def attributes(self) -> dict[str, object]:
        """The file's global attributes."""
        return {str(key): value for key, value in self.dataset.attrs.items()}

    @property
    def deciding(self) -> tuple[Variable, ...]:
        """The variables that decide which cells have rows: of the states, the land uses.

        All variables of a source that the views do not compute with.
        """
        needed = tuple(v for v in self.variables if v.name in self.kind.required)
        return needed or self.variables

    def close(self) -> None:
        """Close the file; reading afterwards fails."""
        self.dataset.close()

    def codes(self, variable: str) -> tuple[np.generic, ...]:
        """Return the values that still mean missing in the result of `read`."""
        return self.layout.stored[variable][1]

    def limits(self, variable: str) -> tuple[float, float] | None:
        """Return the range outside of which a value is an error, or None."""
        return self.layout.limits.get(variable)

    def read(self, variable: str, slab: Slab) -> Float32:
        """Read a box of one variable in grid order.

        Parameters
        ----------
        variable : str
            Name in the file.
        slab : Slab

        Returns
        -------
        ndarray of float32, shape (years, rows, n_lon)
            Years ascending, rows from north to south, columns from west to east. Missing values
            are NaN or one of `codes(variable)`.

        Raises
        ------
        BadValueError
            If the file is damaged there; names the file, the variable and the year.
        """
        positions = self.layout.positions[slab.first : slab.last]
        steps = np.diff(positions)
        if np.all(steps == 1):
            start = int(positions[0])
            return self._read_run(variable, slice(start, start + len(positions)), slab)
        parts = [self._read_run(variable, slice(int(p), int(p) + 1), slab) for p in positions]
        return np.concatenate(parts)

    def _read_run(self, variable: str, times: slice, slab: Slab) -> Float32:
        dims = self.layout.dimensions
        rows = slice(slab.north, slab.south)
        if self.layout.rows.reverse:
            rows = slice(self.grid.n_lat - slab.south, self.grid.n_lat - slab.north)
        try:
            box = self.layout.stored[variable][0].isel({dims.time: times, dims.latitude: rows})
            values = as_float32(fetch(box.transpose(dims.time, dims.latitude, dims.longitude)))
        except Exception as error:
            years = self.years[np.isin(self.layout.positions, np.arange(times.start, times.stop))]
            span = f"{years.min()}" if years.size == 1 else f"{years.min()} to {years.max()}"
            raise _unreadable(self.path, variable, f"year {span} ", error) from error
        oriented = self.layout.columns.orient(self.layout.rows.orient(values, 1), 2)
        return np.ascontiguousarray(oriented)

    def read_map(self, variable: str) -> Float32 | None:
        """Read a variable on (latitude, longitude), in grid order, or None if there is none.

        Returns
        -------
        ndarray of float32, shape (n_lat, n_lon), or None
            Missing values are NaN.

        Raises
        ------
        BadValueError
            If the file is damaged there.
        """
        dims = self.layout.dimensions
        stored = self.dataset.variables.get(variable)
        if stored is None or set(stored.dims) != {dims.latitude, dims.longitude}:
            return None
        return read_plane(stored, self.path, variable, dims, self.layout.rows, self.layout.columns)


def name_of_dataset(dataset: xr.Dataset, kind: Source) -> str:
    """Return the name of the caller's dataset in messages: its file, if it has one."""
    return str(dataset.encoding.get("source") or f"the {kind.name} dataset in memory")


def read_coordinate(dataset: xr.Dataset, name: str, path: str) -> npt.NDArray[Any]:
    """Read all of a coordinate variable, decoded as xarray does; missing steps are NaN.

    Raises
    ------
    SourceError
        If its attributes cannot be decoded.
    BadValueError
        If the file is damaged there.
    """
    decoded = decoded_axis(dataset.variables[name], path, name)
    try:
        return fetch(decoded)
    except Exception as error:
        raise _unreadable(path, name, "", error) from error


def read_plane(
    stored: xr.Variable, path: str, name: str, dims: Dimensions, rows: Axis, columns: Axis
) -> Float32:
    """Read a variable on (latitude, longitude), in grid order.

    Parameters
    ----------
    stored : xarray.Variable
        As opened with `mask_and_scale=False`, without further dimensions.
    path, name : str
        File and variable, for messages.
    dims : Dimensions
    rows, columns : Axis
        How the file's rows and columns map to the grid's.

    Returns
    -------
    ndarray of float32, shape (n_lat, n_lon)
        Missing values are NaN.

    Raises
    ------
    BadValueError
        If the file is damaged there.
    """
    data, codes = decoded_variable(stored, path, name)
    try:
        values = as_float32(fetch(data.transpose(dims.latitude, dims.longitude)))
    except Exception as error:
        raise _unreadable(path, name, "", error) from error
    oriented = np.array(columns.orient(rows.orient(values, 0), 1))
    for code in codes:
        oriented[oriented == code] = np.nan
    return oriented


def _unreadable(path: str, variable: str, what: str, error: Exception) -> LucLoadError:
    """Return the error for data that the file's library cannot read, whatever it raised."""
    if isinstance(error, LucLoadError):
        return error
    if is_address(path) and is_lost(error):
        return lost_store(path, error)
    problem = f"{what}cannot be read ({one_line(error)}); the file is damaged: fetch it again"
    return BadValueError(path, problem, variable)
