"""Write netCDF-4 files in the real files' layout, completely or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import numpy.typing as npt

from loader.errors import OutputError
from loader.files import atomic_path
from loader.grid import Grid
from loader.netcdf_errors import as_os_errors
from loader.sampling.schema import ELUC_ATTRIBUTES, FILL, FIRST_YEAR, STATIC, Variable

__all__ = ["Layout", "YearlyFile", "eluc_file", "landuse_file", "replacing", "write_static"]

Values = npt.NDArray[np.generic]

_COMPRESSION: dict[str, Any] = {"zlib": True, "complevel": 4, "shuffle": True}
_DAYS_A_YEAR = 365
_LATITUDE = {"units": "degrees_north", "axis": "Y"}
_LONGITUDE = {"units": "degrees_east", "axis": "X"}


@dataclass(frozen=True)
class Layout:
    """The properties that the files of one sample share.

    Attributes
    ----------
    grid : Grid
    cells : ndarray of int64, shape (n,)
        The land cells.
    years : range
        Of this file.
    attributes : mapping of str to str
        Global attributes of this file.
    in_days, has_bounds : bool
        As in `SampleEdition`.
    """

    grid: Grid
    cells: npt.NDArray[np.int64]
    years: range
    attributes: Mapping[str, str]
    in_days: bool = False
    has_bounds: bool = False


class YearlyFile:
    """A file being filled year by year.

    Parameters
    ----------
    file : netCDF4.Dataset
        Laid out, its variables of shape (time, lat, lon) in float32.
    names : iterable of str
        Those variables.
    cells : ndarray of int64, shape (n,)
        The cells that have values.
    outside : float
        The value of all other cells.
    """

    def __init__(
        self,
        file: netCDF4.Dataset,
        names: Iterable[str],
        cells: npt.NDArray[np.int64],
        outside: float,
    ) -> None:
        self._variables = {name: file.variables[name] for name in names}
        self._shape = (file.dimensions["lat"].size, file.dimensions["lon"].size)
        self._cells = cells
        self._plane = np.full(self._shape[0] * self._shape[1], outside, dtype=np.float32)

    def put_zero(self, name: str, step: int) -> None:
        """Write 0 to all cells of one variable in one year, at sea too."""
        self._variables[name][step] = np.zeros(self._shape, dtype=np.float32)

    def put(self, name: str, step: int, values: npt.NDArray[np.float32]) -> None:
        """Write one variable of one year, values of shape (n,), as one chunk."""
        self._plane[self._cells] = values
        self._variables[name][step] = self._plane.reshape(self._shape)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path; the file is renamed to `path` on success, and removed otherwise.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    try:
        with as_os_errors(), atomic_path(path) as temporary:
            yield temporary
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


@contextmanager
def landuse_file(
    path: Path, layout: Layout, variables: tuple[Variable, ...]
) -> Iterator[YearlyFile]:
    """Lay out a file like LUH2's states, transitions and management.

    Parameters
    ----------
    path : Path
        A temporary name.
    layout : Layout
    variables : tuple of Variable

    Yields
    ------
    YearlyFile
        All cells without land hold the fill value.
    """
    grid = layout.grid
    with netCDF4.Dataset(path, "w", format="NETCDF4") as file:
        file.setncatts(dict(layout.attributes))
        # LUH2's own order of dimensions: time, lon, lat.
        file.createDimension("time", None)
        file.createDimension("lon", grid.n_lon)
        file.createDimension("lat", grid.n_lat)
        time = {"standard_name": "time", "long_name": "time"}
        steps = np.array([year - FIRST_YEAR for year in layout.years], dtype=np.float64)
        if layout.in_days:
            time |= {"units": f"days since {FIRST_YEAR:04d}-01-01", "calendar": "noleap"}
            steps *= _DAYS_A_YEAR
        else:
            time |= {"units": f"years since {FIRST_YEAR}-01-01 0:0:0", "calendar": "365_day"}
        _coordinate(file, "time", steps, time | {"axis": "T"})
        _coordinate(file, "lon", grid.longitude, _names("longitude") | _LONGITUDE)
        _coordinate(file, "lat", grid.latitude, _names("latitude") | _LATITUDE)
        if layout.has_bounds:
            _add_bounds(file, grid, steps)
        for variable in variables:
            created = _yearly_variable(file, variable.name, np.float32(FILL))
            created.setncatts(variable.attributes | {"missing_value": np.float32(FILL)})
        yield YearlyFile(file, [v.name for v in variables], layout.cells, FILL)


@contextmanager
def eluc_file(path: Path, layout: Layout) -> Iterator[YearlyFile]:
    """Lay out a file like BLUE's ELUC: bare years, no fill value, ocean 0.

    Parameters
    ----------
    path : Path
        A temporary name.
    layout : Layout

    Yields
    ------
    YearlyFile
    """
    grid = layout.grid
    with netCDF4.Dataset(path, "w", format="NETCDF4") as file:
        file.setncatts(dict(layout.attributes))
        file.createDimension("time", len(layout.years))
        file.createDimension("lat", grid.n_lat)
        file.createDimension("lon", grid.n_lon)
        north, east = {"units": "degrees_north"}, {"units": "degrees_east"}
        _coordinate(file, "lat", grid.latitude.astype(np.float32), north)
        _coordinate(file, "lon", grid.longitude.astype(np.float32), east)
        _coordinate(file, "time", np.array(layout.years, dtype=np.int32), {})
        _yearly_variable(file, "ELUC", None).setncatts(ELUC_ATTRIBUTES)
        area = file.createVariable("cell_area", "f4", ("lat", "lon"), **_COMPRESSION)
        area.setncatts({"units": "ha"})
        area[:] = np.repeat(grid.cell_area_ha()[:, None], grid.n_lon, axis=1)
        yield YearlyFile(file, ["ELUC"], layout.cells, 0.0)


def write_static(
    path: Path, grid: Grid, attributes: Mapping[str, str], values: Mapping[str, Values]
) -> None:
    """Write a file like LUH2's static grid.

    Parameters
    ----------
    path : Path
        A temporary name.
    grid : Grid
    attributes : mapping of str to str
        Global attributes.
    values : mapping of str to ndarray, each of shape (n_lat, n_lon)
        By the names of `STATIC`.
    """
    # Lower case, as in the real file: the netCDF library does not treat it as a fill value.
    fills: dict[str, object] = {"missing_value": np.float32(FILL), "_fillvalue": FILL}
    wide: dict[str, object] = {"missing_value": FILL, "_fillvalue": FILL}
    with netCDF4.Dataset(path, "w", format="NETCDF4") as file:
        file.setncatts(dict(attributes))
        file.createDimension("lon", grid.n_lon)
        file.createDimension("lat", grid.n_lat)
        file.createDimension("bounds", 2)
        lon, lat = grid.longitude, grid.latitude
        _coordinate(file, "lon", lon, wide | _names("longitude") | _LONGITUDE)
        _coordinate(file, "lat", lat, wide | _names("latitude") | _LATITUDE)
        for variable in STATIC:
            created = file.createVariable(variable.name, "f4", ("lat", "lon"), **_COMPRESSION)
            created.setncatts(fills | variable.attributes)
            created[:] = values[variable.name]
        # Half a cell off, as in the real file, where they start at the centres.
        south, west = lat - grid.step_lat, lon - grid.step_lon
        for name, bounds in (("lat", (lat, south)), ("lon", (west, lon))):
            created = file.createVariable(f"{name}_bounds", "f4", (name, "bounds"), **_COMPRESSION)
            created[:] = np.stack(bounds, axis=1)


def _add_bounds(file: netCDF4.Dataset, grid: Grid, steps: npt.NDArray[np.float64]) -> None:
    """Add the bounds of the axes under the names of LUH2 v2h, whose attributes name others."""
    file.createDimension("bounds", 2)
    half = {"lat": (grid.latitude, grid.step_lat / 2), "lon": (grid.longitude, grid.step_lon / 2)}
    for axis, (centres, width) in half.items():
        file.variables[axis].bounds = f"bounds_{axis}"
        edges = np.stack([centres - width, centres + width], axis=1)
        file.createVariable(f"{axis}_bounds", "f8", (axis, "bounds"), **_COMPRESSION)[:] = edges
    file.variables["time"].bounds = "bounds_time"
    created = file.createVariable("time_bnds", "f8", ("time", "bounds"), **_COMPRESSION)
    created[:] = np.stack([steps, steps + 1], axis=1)


def _names(name: str) -> dict[str, str]:
    return {"standard_name": name, "long_name": name}


def _coordinate(
    file: netCDF4.Dataset, name: str, values: Values, attributes: Mapping[str, object]
) -> None:
    created = file.createVariable(name, values.dtype.str, (name,), **_COMPRESSION)
    created.setncatts(dict(attributes))
    created[:] = values


def _yearly_variable(
    file: netCDF4.Dataset, name: str, fill: np.float32 | None
) -> netCDF4.Variable[Any]:
    shape = (1, file.dimensions["lat"].size, file.dimensions["lon"].size)
    created = file.createVariable(
        name, "f4", ("time", "lat", "lon"), chunksizes=shape, fill_value=fill, **_COMPRESSION
    )
    # Chunks are written completely and once: the default cache of 64 MB for each of 118 variables
    # would hold gigabytes. A size of 0 would mean the default.
    created.set_var_chunk_cache(size=1, nelems=1, preemption=0)
    return created
