"""Write a planned grid as netCDF or Zarr: laid out first, then filled by blocks of years."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import netCDF4
import numpy as np
import numpy.typing as npt

from loader.errors import ExtraMissingError
from loader.exporting.values import read_box, read_map
from loader.pipeline import overlap
from loader.reporting import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from loader.exporting.plan import GridPlan, GridVariable
    from loader.reporting import Reporter

__all__ = ["BLOCK_BYTES", "write_grid"]

BLOCK_BYTES = 32 * 2**20
"""Values that are read and written at a time: 8 years of the 0.25 degree grid."""

_DEFLATE = 1
"""Level 4 of zlib takes twice as long and makes these files 3 % smaller."""

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Box:
    """Consecutive steps of a variable, as the file holds them."""

    variable: GridVariable
    first: int
    values: Float32


class _GridFile(Protocol):
    """A grid file whose layout is written."""

    def put(self, name: str, where: slice, values: Float32) -> None:
        """Write steps of a variable, or, of a map, rows."""

    def close(self) -> None:
        """End the file."""


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
        Read in another thread meanwhile.
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
        If the disk refuses.
    """
    file: _GridFile = _NetcdfFile(path, plan) if file_format == "netcdf" else _ZarrFile(path, plan)
    try:
        for one in plan.maps:
            file.put(one.name, slice(0, len(plan.rows)), read_map(con, plan, one))
        steps = max(1, BLOCK_BYTES // (4 * len(plan.rows) * len(plan.columns)))
        count = len(plan.years) * len(plan.variables)
        done = 0

        def write(box: _Box) -> None:
            where = slice(box.first, box.first + len(box.values))
            file.put(box.variable.name, where, box.values)

        def finished(box: _Box) -> None:
            nonlocal done
            done += len(box.values)
            year = int(plan.years[box.first + len(box.values) - 1])
            rows = done * len(plan.rows) * len(plan.columns)
            reporter.progress(Progress(box.variable.name, year, rows, done / count))

        overlap(_boxes(con, plan, steps), [write], finished, con.interrupt)
    finally:
        reporter.finished()
        file.close()


def _boxes(con: duckdb.DuckDBPyConnection, plan: GridPlan, steps: int) -> Iterator[_Box]:
    rows, columns = np.arange(len(plan.rows)), np.arange(len(plan.columns))
    for first in range(0, len(plan.years), steps):
        chosen = np.arange(first, min(first + steps, len(plan.years)))
        for variable in plan.variables:
            values = read_box(con, plan, variable, chosen, rows, columns)
            missing = np.float32(variable.layout.missing)
            if not np.isnan(missing):
                values[np.isnan(values)] = missing
            yield _Box(variable, first, values)


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
        for axis in (plan.time, plan.latitude, plan.longitude):
            self._file.createDimension(axis.name, len(axis.values))
            variable = self._create(axis.name, axis.values.dtype, (axis.name,), axis.attributes)
            variable[:] = axis.values
        chunks = (1, len(plan.rows), len(plan.columns))
        for one in plan.variables:
            layout = one.layout
            self._create(layout.name, np.dtype("f4"), plan.dims, layout.attributes, chunks)
        for one_map in plan.maps:
            self._create(
                one_map.name, np.dtype("f4"), plan.dims[1:], one_map.attributes, chunks[1:]
            )

    def _create(
        self,
        name: str,
        dtype: np.dtype[Any],
        dims: tuple[str, ...],
        attributes: dict[str, Any],
        chunks: tuple[int, ...] | None = None,
    ) -> Any:  # noqa: ANN401  # netCDF4's own
        create: Any = self._file.createVariable
        variable = create(
            name,
            dtype,
            dims,
            fill_value=attributes.get("_FillValue", False),
            zlib=chunks is not None,
            complevel=_DEFLATE,
            shuffle=True,
            chunksizes=chunks,
        )
        variable.set_auto_maskandscale(False)
        if chunks:
            # One chunk is enough: HDF5 would keep 64 MB of every variable.
            variable.set_var_chunk_cache(4 * math.prod(chunks))
        variable.setncatts({key: v for key, v in attributes.items() if key != "_FillValue"})
        return variable

    def put(self, name: str, where: slice, values: Float32) -> None:
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
        for axis in (plan.time, plan.latitude, plan.longitude):
            array = self._create(
                axis.name, axis.values.dtype, (axis.name,), axis.values.shape, axis.attributes
            )
            array[:] = axis.values
        chunks = (1, len(plan.rows), len(plan.columns))
        kind = np.dtype("f4")
        for one in plan.variables:
            layout = one.layout
            self._create(layout.name, kind, plan.dims, plan.shape, layout.attributes, chunks)
        for one_map in plan.maps:
            self._create(
                one_map.name, kind, plan.dims[1:], plan.shape[1:], one_map.attributes, chunks[1:]
            )

    def _create(
        self,
        name: str,
        dtype: np.dtype[Any],
        dims: tuple[str, ...],
        shape: tuple[int, ...],
        attributes: dict[str, Any],
        chunks: tuple[int, ...] | None = None,
    ) -> Any:  # noqa: ANN401  # zarr's own
        kept = {key: value for key, value in attributes.items() if key != "_FillValue"}
        array: Any = self._group.create_array(
            name,
            shape=shape,
            dtype=dtype,
            chunks=chunks or shape,
            compressors=self._compressor,
            fill_value=attributes.get("_FillValue"),
            attributes={**_json(kept), "_ARRAY_DIMENSIONS": list(dims)},
            # A year of nothing but fill values is written too: it was there.
            config={"write_empty_chunks": True},
        )
        self._arrays[name] = array
        return array

    def put(self, name: str, where: slice, values: Float32) -> None:
        self._arrays[name][where] = values

    def close(self) -> None:
        self._consolidate()


def _json(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return attributes as JSON has them: numbers and lists of numbers."""
    return {
        name: value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        for name, value in attributes.items()
    }
