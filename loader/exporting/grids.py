"""Write a planned grid as netCDF or Zarr: create the layout, then fill it by blocks of years."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import netCDF4
import numpy as np
import numpy.typing as npt

from loader.errors import ExtraMissingError
from loader.exporting.values import read_boxes, read_map
from loader.lanes import read_ahead, run_interruptibly
from loader.netcdf_errors import as_os_errors
from loader.reporting import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from loader.exporting.plan import GridPlan, GridVariable
    from loader.reporting import Reporter

__all__ = ["BLOCK_BYTES", "BOUNDS", "Box", "grid_boxes", "write_grid"]

BLOCK_BYTES = 32 * 2**20
"""Values that are read and written at a time: 8 years of a variable of the 0.25 degree grid."""

_VIEW_BLOCK_BYTES = 4 * BLOCK_BYTES
"""The same where all variables of a view are read together."""

BOUNDS = "bnds"
"""The dimension of the two ends of a cell."""

_DEFLATE = 1
"""Level of zlib; level 4 takes twice as long and makes these files 3 % smaller."""

Values = npt.NDArray[Any]


@dataclass(frozen=True)
class Box:
    """Consecutive steps of a variable, as the file holds them."""

    variable: GridVariable
    first: int
    values: Values


@dataclass(frozen=True)
class _Array:
    """An array of a file; `values` are empty where they are written later."""

    name: str
    dims: tuple[str, ...]
    dtype: np.dtype[Any]
    attributes: dict[str, Any]
    fill: float | None = None
    chunks: tuple[int, ...] | None = None
    values: Values = field(default_factory=lambda: np.empty(0))


def _coordinates(plan: GridPlan) -> Iterator[_Array]:
    for axis in plan.axes:
        kind = axis.values.dtype
        yield _Array(axis.name, (axis.name,), kind, dict(axis.attributes), values=axis.values)


def _bounds(plan: GridPlan) -> Iterator[_Array]:
    """Return the bounds of the cells, which readers that do not know them list last."""
    for axis in plan.axes:
        if axis.bounds is not None:
            name = axis.attributes["bounds"]
            yield _Array(name, (axis.name, BOUNDS), np.dtype("f8"), {}, values=axis.bounds)


def _variables(plan: GridPlan) -> Iterator[_Array]:
    """Return the arrays of variables and maps, a chunk a year."""
    chunks = (1, len(plan.rows), len(plan.columns))
    for variable in plan.variables:
        attributes, kind = variable.attributes, variable.dtype
        yield _Array(variable.name, plan.dims, kind, attributes, variable.fill, chunks)
    for one in plan.maps:
        fill = float("nan") if one.dtype.kind == "f" else None
        yield _Array(one.name, plan.dims[1:], one.dtype, one.attributes, fill, chunks[1:])


class _GridFile(Protocol):
    """A grid file whose layout is written."""

    def put(self, name: str, where: slice, values: Values) -> None:
        """Write steps of a variable, or, of a map, rows."""

    def close(self) -> None:
        """End the file."""


@as_os_errors()
def write_grid(
    con: duckdb.DuckDBPyConnection,
    plan: GridPlan,
    path: Path,
    file_format: str,
    reporter: Reporter,
) -> None:
    """Write a grid.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Read in another thread during the export.
    plan : GridPlan
    path : pathlib.Path
        Must not exist.
    file_format : {"netcdf", "zarr"}
    reporter : Reporter

    Raises
    ------
    ExtraMissingError
        If the library for Zarr is not installed.
    DatabaseError
        If DuckDB fails.
    OSError
        If the file cannot be written.
    """
    file: _GridFile = _NetcdfFile(path, plan) if file_format == "netcdf" else _ZarrFile(path, plan)
    try:
        for one in plan.maps:
            file.put(one.name, slice(0, len(plan.rows)), read_map(con, plan, one))
        # Boxes come in the order of the file. The next one is queried while this one is written.
        count = len(plan.years) * len(plan.variables)

        def write() -> None:
            done = 0
            for box in read_ahead(grid_boxes(con, plan)):
                where = slice(box.first, box.first + len(box.values))
                file.put(box.variable.name, where, box.values)
                done += len(box.values)
                year = int(plan.years[where.stop - 1])
                rows = done * len(plan.rows) * len(plan.columns)
                reporter.progress(Progress(box.variable.name, year, rows, done / count))

        run_interruptibly(write, con.interrupt)
    finally:
        reporter.finished()
        file.close()


def grid_boxes(
    con: duckdb.DuckDBPyConnection, plan: GridPlan, *, fill: bool = True
) -> Iterator[Box]:
    """Read a planned grid by blocks of years.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    plan : GridPlan
    fill : bool
        Whether missing values are those of the plan instead of NaN.
    """
    rows, columns = np.arange(len(plan.rows)), np.arange(len(plan.columns))
    limit = _VIEW_BLOCK_BYTES if plan.is_view else BLOCK_BYTES
    size = max((sum(v.dtype.itemsize for v in group) for group in plan.groups), default=1)
    steps = max(1, limit // (size * len(plan.rows) * len(plan.columns)))
    for first in range(0, len(plan.years), steps):
        chosen = np.arange(first, min(first + steps, len(plan.years)))
        for group in plan.groups:
            boxes = read_boxes(con, plan, group, chosen, rows, columns)
            for variable, values in zip(group, boxes, strict=True):
                if fill and not np.isnan(variable.fill):
                    values[np.isnan(values)] = variable.fill
                yield Box(variable, first, values)


class _NetcdfFile:
    """A netCDF-4 file, a chunk a year."""

    def __init__(self, path: Path, plan: GridPlan) -> None:
        self._file = netCDF4.Dataset(path, "w", format="NETCDF4")
        try:
            self._lay_out(plan)
        except BaseException:
            self._file.close()
            raise

    def _lay_out(self, plan: GridPlan) -> None:
        self._file.setncatts(plan.attributes)
        for axis in plan.axes:
            self._file.createDimension(axis.name, len(axis.values))
        for array in _coordinates(plan):
            self._create(array)[:] = array.values
        for array in _variables(plan):
            self._create(array)
        for array in _bounds(plan):
            if BOUNDS not in self._file.dimensions:
                self._file.createDimension(BOUNDS, 2)
            self._create(array)[:] = array.values

    def _create(self, array: _Array) -> Any:  # noqa: ANN401  # netCDF4's own
        create: Any = self._file.createVariable
        variable = create(
            array.name,
            array.dtype,
            array.dims,
            fill_value=False if array.fill is None else array.fill,
            zlib=array.chunks is not None,
            complevel=_DEFLATE,
            shuffle=True,
            chunksizes=array.chunks,
        )
        variable.set_auto_maskandscale(False)
        if array.chunks:
            # One chunk is enough: HDF5 would keep 64 MB of every variable.
            variable.set_var_chunk_cache(array.dtype.itemsize * math.prod(array.chunks))
        variable.setncatts(array.attributes)
        return variable

    def put(self, name: str, where: slice, values: Values) -> None:
        self._file.variables[name][where] = values

    def close(self) -> None:
        self._file.close()


class _ZarrFile:
    """A Zarr store of format 2, a chunk a year, metadata consolidated."""

    def __init__(self, path: Path, plan: GridPlan) -> None:
        try:
            import numcodecs  # noqa: PLC0415  # comes with zarr
            import zarr  # noqa: PLC0415  # an extra
        except ImportError as error:
            raise ExtraMissingError(
                'Zarr needs a further library: pip install "luc-load[zarr]"'
            ) from error
        self._consolidate: Callable[[], object] = lambda: zarr.consolidate_metadata(
            str(path), zarr_format=2
        )
        self._compressor = numcodecs.Blosc(cname="zstd", clevel=3, shuffle=numcodecs.Blosc.SHUFFLE)
        self._group = zarr.open_group(str(path), mode="w-", zarr_format=2)
        self._arrays: dict[str, Any] = {}
        self._group.attrs.update(_json(plan.attributes))
        sizes = dict(zip(plan.dims, plan.shape, strict=True))
        for array in (*_coordinates(plan), *_bounds(plan)):
            self._create(array, array.values.shape)[:] = array.values
        for array in _variables(plan):
            self._create(array, tuple(sizes[dim] for dim in array.dims))

    def _create(self, array: _Array, shape: tuple[int, ...]) -> Any:  # noqa: ANN401  # zarr's own
        created: Any = self._group.create_array(
            array.name,
            shape=shape,
            dtype=array.dtype,
            chunks=array.chunks or shape,
            compressors=self._compressor,
            fill_value=array.fill,
            attributes={**_json(array.attributes), "_ARRAY_DIMENSIONS": list(array.dims)},
            # A year of fill values only is written too, as in the source file.
            config={"write_empty_chunks": True},
        )
        self._arrays[array.name] = created
        return created

    def put(self, name: str, where: slice, values: Values) -> None:
        self._arrays[name][where] = values

    def close(self) -> None:
        self._consolidate()


def _json(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return attributes as JSON values: numbers and lists of numbers."""
    return {
        name: value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        for name, value in attributes.items()
    }
