"""One open file, or a dataset in memory, as a source."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.reading.decoding import as_float32
from loader.reading.lazy import fetch
from loader.reading.planes import read_plane, time_axis, unreadable
from loader.reading.source import FileRecord, Float32, GriddedSource, Slab, Stretch

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import xarray as xr

    from loader.grid import Axis, Grid
    from loader.reading.coordinates import Dimensions
    from loader.schema import Source, Variable

__all__ = ["Layout", "SourceFile", "name_of_dataset"]


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
            raise unreadable(self.path, variable, f"year {span} ", error) from error
        oriented = self.layout.columns.orient(self.layout.rows.orient(values, 1), 2)
        return np.ascontiguousarray(oriented)

    def read_map(self, variable: str) -> Float32 | None:
        """Read a variable on (latitude, longitude), as in `GriddedSource`."""
        dims = self.layout.dimensions
        stored = self.dataset.variables.get(variable)
        if stored is None or set(stored.dims) != {dims.latitude, dims.longitude}:
            return None
        return read_plane(stored, self.path, variable, dims, self.layout.rows, self.layout.columns)


def name_of_dataset(dataset: xr.Dataset, kind: Source) -> str:
    """Return the name of the caller's dataset in messages: its file, if it has one."""
    return str(dataset.encoding.get("source") or f"the {kind.name} dataset in memory")
