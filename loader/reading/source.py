"""A gridded source with a known layout: its grid, years, variables and values.

A `GriddedSource` is what the rest of luc-load sees. It is one file, a `SourceFile`, or several that
are joined, in `loader.reading.joined`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from loader.errors import BadValueError, LucLoadError, one_line
from loader.reading.decoding import as_float32, decoded_axis, decoded_variable
from loader.reading.lazy import fetch
from loader.remote.stores import is_address, is_lost, lost_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    import xarray as xr

    from loader.grid import Axis, Grid
    from loader.reading.coordinates import Dimensions
    from loader.schema import Source, Variable

__all__ = [
    "FileRecord",
    "GriddedSource",
    "Layout",
    "Slab",
    "SourceFile",
    "Stretch",
    "name_of_dataset",
    "read_coordinate",
    "read_plane",
    "time_axis",
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
class Stretch:
    """Consecutive years that are stored alike; no block crosses the end of one.

    Attributes
    ----------
    first, last : int
        Positions among the loaded years of the source; `last` is not included.
    chunk_shape : tuple of int
        Extent of a stored chunk along (time, latitude, longitude).
    steps : ndarray of int64, shape (last - first,)
        Step of the file's time axis for each year. Several files make a stretch only if their
        chunks hold one year; then the steps have no meaning.
    """

    first: int
    last: int
    chunk_shape: tuple[int, int, int]
    steps: npt.NDArray[np.int64]


@dataclass(frozen=True)
class FileRecord:
    """What is known of one file of a source while it is closed.

    Attributes
    ----------
    key : str
        Key of its fingerprint and digest, unique within a build.
    path : str
        As the user named it.
    product : str
        The column of a further ELUC product; "" otherwise.
    attributes : dict of str to object
        Global attributes.
    of_first : dict of str to object
        Attributes of its first variable.
    years : ndarray of int16, shape (n,)
        Years that are loaded from it, ascending.
    variables : tuple of Variable
    time : tuple of (str, ndarray, dict)
        Name, encoded values and attributes of the time axis; the values are those of `years`.
    maps : frozenset of str
        Variables on (latitude, longitude).
    """

    key: str
    path: str
    product: str
    attributes: dict[str, object]
    of_first: dict[str, object]
    years: npt.NDArray[np.int16]
    variables: tuple[Variable, ...]
    time: tuple[str, npt.NDArray[Any], dict[str, Any]]
    maps: frozenset[str]


class GriddedSource(ABC):
    """A source of yearly grids whose layout is known, ready to be read.

    Attributes
    ----------
    kind : Source
        The kind of source, which names its table.
    path : str
        The file as the user named it, or a description of several or of a dataset in memory.
    grid : Grid
        The nominal grid of its coordinates.
    years : ndarray of int16, shape (n,)
        Its calendar years, ascending.
    variables : tuple of Variable
        The variables that become columns, with the file's own attributes.
    notices : tuple of str
        What the user should know about the file.
    window : Grid or None
        The grid, where it is only a part of the file's own.
    """

    kind: Source
    path: str
    grid: Grid
    years: npt.NDArray[np.int16]
    variables: tuple[Variable, ...]
    notices: tuple[str, ...]
    window: Grid | None

    @property
    @abstractmethod
    def files(self) -> tuple[FileRecord, ...]:
        """The files that rows come from, by product, then by their first year."""

    @property
    @abstractmethod
    def stretches(self) -> tuple[Stretch, ...]:
        """The years, cut where the layout of the chunks changes."""

    @property
    def attributes(self) -> dict[str, object]:
        """The global attributes of the first file."""
        return self.files[0].attributes

    @cached_property
    def deciding(self) -> tuple[Variable, ...]:
        """The variables that decide which cells have rows: of the states, the land uses.

        All variables of emissions, and of a source that the views do not compute with.
        """
        if self.kind.all_years_decide:
            return self.variables
        needed = tuple(v for v in self.variables if v.name in self.kind.required)
        return needed or self.variables

    @abstractmethod
    def path_at(self, variable: Variable, position: int) -> str:
        """Return the file that has a variable in the year at `position`, for messages."""

    @abstractmethod
    def chunk_years(self, variable: Variable, position: int) -> int:
        """Return how many years a chunk of a variable holds from the year at `position` on."""

    def reading_order(self, first: int, last: int) -> Iterator[tuple[Variable, int, int]]:
        """Yield variables and ranges of years, each a part of a chunk, in the best order to read.

        Parameters
        ----------
        first, last : int
            Positions among the loaded years; `last` is not included.
        """
        for variable in self.variables:
            yield from self._ranges(variable, first, last)

    def _ranges(
        self, variable: Variable, first: int, last: int
    ) -> Iterator[tuple[Variable, int, int]]:
        """Cut the years of one variable into ranges of a chunk's length."""
        while first < last:
            end = min(first + self.chunk_years(variable, first), last)
            yield variable, first, end
            first = end

    @abstractmethod
    def codes(self, variable: Variable, position: int = 0) -> tuple[np.generic, ...]:
        """Return the values that mean missing in the result of `read` for a year."""

    @abstractmethod
    def limits(self, variable: Variable, position: int = 0) -> tuple[float, float] | None:
        """Return the range outside of which a value of a year is an error, or None."""

    @abstractmethod
    def read(self, variable: Variable, slab: Slab) -> Float32:
        """Read a box of one variable in grid order.

        Parameters
        ----------
        variable : Variable
            One of `variables`.
        slab : Slab

        Returns
        -------
        ndarray of float32, shape (years, rows, n_lon)
            Years ascending, rows from north to south, columns from west to east. Missing values
            are NaN or one of `codes(variable, position)`.

        Raises
        ------
        BadValueError
            If the file is damaged there; names the file, the variable and the year.
        """

    @abstractmethod
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

    @abstractmethod
    def first_file(self) -> AbstractContextManager[SourceFile]:
        """Return a context with the file of the first year open, for its axes and attributes."""

    @abstractmethod
    def file_of(self, variable: Variable) -> AbstractContextManager[SourceFile]:
        """Return a context with the first file that has a variable open."""

    @abstractmethod
    def close(self) -> None:
        """Close all files; reading afterwards fails."""


@dataclass(frozen=True)
class SourceFile(GriddedSource):
    """One open file, or a dataset in memory.

    Attributes
    ----------
    dataset : xarray.Dataset
        Undecoded; cut to `window`.
    chunk_shape : tuple of int
        Extent of a stored chunk along (time, latitude, longitude).
    layout : Layout
    key, product : str
        As in `FileRecord`.
    is_foreign : bool
        Whether the caller of luc-load opened the dataset and closes it.
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
    key: str = ""
    product: str = ""
    is_foreign: bool = False

    @cached_property
    def files(self) -> tuple[FileRecord, ...]:
        """One record."""
        dims = self.layout.dimensions
        assert dims.time is not None
        name, values, attributes = time_axis(self.dataset, dims.time)
        flat = {dims.latitude, dims.longitude}
        return (
            FileRecord(
                key=self.key or self.kind.name,
                path=self.path,
                product=self.product,
                attributes={str(key): value for key, value in self.dataset.attrs.items()},
                of_first=dict(self.dataset.variables[self.variables[0].name].attrs),
                years=self.years,
                variables=self.variables,
                time=(name, values[self.layout.positions], attributes),
                maps=frozenset(
                    str(n) for n, v in self.dataset.variables.items() if set(v.dims) == flat
                ),
            ),
        )

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """One stretch of all years."""
        return (Stretch(0, len(self.years), self.chunk_shape, self.layout.positions),)

    def path_at(self, variable: Variable, position: int) -> str:  # noqa: ARG002  # of any year
        """Return the path of the file."""
        return self.path

    def chunk_years(self, variable: Variable, position: int) -> int:  # noqa: ARG002  # as above
        """Return how many years a chunk holds."""
        return self.chunk_shape[0]

    def codes(self, variable: Variable, position: int = 0) -> tuple[np.generic, ...]:  # noqa: ARG002
        """Return the values that still mean missing in the result of `read`."""
        return self.layout.stored[variable.name][1]

    def limits(self, variable: Variable, position: int = 0) -> tuple[float, float] | None:  # noqa: ARG002
        """Return the range outside of which a value is an error, or None."""
        return self.layout.limits.get(variable.name)

    def first_file(self) -> AbstractContextManager[SourceFile]:
        """Return a context with this file."""
        return nullcontext(self)

    def file_of(self, variable: Variable) -> AbstractContextManager[SourceFile]:  # noqa: ARG002
        """Return a context with this file."""
        return nullcontext(self)

    def close(self) -> None:
        """Close the file, unless it is a dataset of the caller; reading afterwards fails."""
        if not self.is_foreign:
            self.dataset.close()

    def read(self, variable: Variable, slab: Slab) -> Float32:
        """Read a box of one variable in grid order, as in `GriddedSource`."""
        positions = self.layout.positions[slab.first : slab.last]
        steps = np.diff(positions)
        if np.all(steps == 1):
            start = int(positions[0])
            return self._read_run(variable.name, slice(start, start + len(positions)), slab)
        parts = [self._read_run(variable.name, slice(int(p), int(p) + 1), slab) for p in positions]
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
        """Read a variable on (latitude, longitude), as in `GriddedSource`."""
        dims = self.layout.dimensions
        stored = self.dataset.variables.get(variable)
        if stored is None or set(stored.dims) != {dims.latitude, dims.longitude}:
            return None
        return read_plane(stored, self.path, variable, dims, self.layout.rows, self.layout.columns)


def time_axis(dataset: xr.Dataset, name: str) -> tuple[str, npt.NDArray[Any], dict[str, Any]]:
    """Return name, encoded values and attributes of a time axis."""
    variable = dataset.variables[name]
    if variable.dtype.kind in "MO":
        # The caller's dataset has decoded times: encode them as xarray would write them.
        import xarray as xr  # noqa: PLC0415  # slow to import; the caller has it

        variable = xr.conventions.encode_cf_variable(variable.to_base_variable(), name=name)
    return name, np.asarray(variable.to_numpy()), dict(variable.attrs)


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
