"""A database as an xarray dataset: lazy, a chunk for each block of years."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from xarray.backends import BackendArray, BackendEntrypoint
from xarray.core import indexing

from loader.errors import DatabaseError
from loader.exporting.cf import Axis
from loader.exporting.planning import plan_grid
from loader.exporting.values import COUNTRY_TYPE, read_boxes, read_countries, read_map
from loader.querying.session import database_path, new_cursor, open_database
from loader.storing.database import run_statement

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb
    import numpy.typing as npt

    from loader.exporting.plan import GridMap, GridPlan, GridVariable

__all__ = ["BLOCK_YEARS", "LucBackend", "open_dataset"]

BLOCK_YEARS = 8
"""Years of a chunk: 33 MB of float32 on the 0.25 degree grid, and a block of the tables."""


def open_dataset(
    database: str | os.PathLike[str],
    table: str | None = None,
    *,
    chunks: Any = {},  # noqa: ANN401, B006  # as xarray.open_dataset has it; never changed
    drop_variables: str | Iterable[str] | None = None,
) -> xr.Dataset:
    """Open the grids of a database.

    Parameters
    ----------
    database : path
        The file, or its folder.
    table : str, optional
        "eluc", "state", "transition" or "management" for a copy of that source file, with its own
        coordinates and attributes; or a view with cells and years, such as "luc", whose columns
        become variables. If not given, and both ELUC and the states were loaded, all their
        variables on one axis `time` of calendar years.
    chunks : int, dict, "auto" or None
        Same as in xarray.open_dataset: {}, the default, makes dask arrays of `BLOCK_YEARS` years;
        None makes lazy arrays without dask.
    drop_variables : str or iterable of str, optional
        Variables to leave out.

    Returns
    -------
    xarray.Dataset
        Values are float32, or float64 for columns of that type, equal to the file's to the bit;
        missing ones are NaN, and so is the sea of ELUC. `time` holds calendar years; in a copy,
        the numbers of the file. Except in a copy, `is_land` and `country` are coordinates;
        `country` is the ISO 3166-1 alpha-3 code of the country with the largest part of a cell,
        empty at sea. Nothing is read before it is needed. Close the dataset to release the
        database.

    Raises
    ------
    UsageError
        If there is no such table or view, or it has no cells or years.
    SourceError
        If luc-load did not make the database, or an older version did.
    DatabaseError
        If it cannot be opened, for example because another program writes it.

    Examples
    --------
    >>> import loader
    >>> with loader.open_dataset("demo", "luc") as grids:
    ...     change = grids.forest_diff.where(grids.is_land).sel(time=2015)
    >>> change.dims
    ('lat', 'lon')
    """
    return xr.open_dataset(
        database_path(database),
        engine=LucBackend,
        chunks=chunks,
        table=table,
        drop_variables=drop_variables,
    )


_COUNTRY = "ISO 3166-1 alpha-3 code of today's country with the largest part of the cell"

_inherited: list[Any] = []
"""Connections of the parent process; only a forked child adds to it."""


def _renew_threads() -> None:
    """Give dask a pool of threads in a forked child: those of the parent's pool are not there."""
    if "dask.threaded" in sys.modules:
        import dask.config  # noqa: PLC0415  # loaded already
        from dask.system import CPU_COUNT  # noqa: PLC0415

        if dask.config.get("pool", None) is None:
            dask.config.set(pool=ThreadPoolExecutor(CPU_COUNT))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_threads)


class LucBackend(BackendEntrypoint):
    """The backend behind `xarray.open_dataset(path, engine="luc-load")`."""

    description = "Open a database of luc-load build as the grid of its source files"
    open_dataset_parameters = ("filename_or_obj", "drop_variables", "table")

    def open_dataset(  # type: ignore[override]  # a backend adds its own options
        self,
        filename_or_obj: str | os.PathLike[str],
        *,
        drop_variables: str | Iterable[str] | None = None,
        table: str | None = None,
    ) -> xr.Dataset:
        """Open a database lazily; see `loader.open_dataset`."""
        handle = _Handle(database_path(filename_or_obj).resolve())
        con = handle.connection()
        plan = plan_grid(con, str(filename_or_obj), table)
        dropped = {drop_variables} if isinstance(drop_variables, str) else set(drop_variables or ())
        dataset = _dataset(plan, handle, dropped)
        dataset.encoding["source"] = str(handle.path)
        dataset.set_close(handle.close)
        return dataset

    def guess_can_open(self, filename_or_obj: object) -> bool:
        """Whether the name is that of a DuckDB database."""
        if not isinstance(filename_or_obj, str | os.PathLike):
            return False
        return Path(filename_or_obj).suffix == ".duckdb"


def _dataset(plan: GridPlan, handle: _Handle, dropped: set[str]) -> xr.Dataset:
    time = plan.time
    if not plan.is_copy:
        # Notebooks select by calendar years; a file stores days, as CF requires.
        time = Axis(time.name, plan.years.astype(np.int32), {"long_name": "calendar year"})
    axes = (time, *plan.axes[1:])
    coords: dict[str, xr.Variable] = {
        axis.name: xr.Variable(
            (axis.name,), axis.values, {k: v for k, v in axis.attributes.items() if k != "bounds"}
        )
        for axis in axes
    }
    variables = {}
    for variable in plan.variables:
        if variable.name not in dropped:
            data = indexing.LazilyIndexedArray(_Values(handle, plan, variable))
            shape = (min(BLOCK_YEARS, len(plan.years)), *plan.shape[1:])
            encoding = {
                "preferred_chunks": dict(zip(plan.dims, shape, strict=True)),
                "_FillValue": variable.dtype.type(variable.fill),
                "dtype": variable.dtype,
            }
            variables[variable.name] = xr.Variable(plan.dims, data, variable.attributes, encoding)
    for one in plan.maps:
        if one.name not in dropped:
            data = indexing.LazilyIndexedArray(_Map(handle, plan, one))
            if one.dtype.kind == "f":
                variables[one.name] = xr.Variable(plan.dims[1:], data, one.attributes)
            else:
                # A mask is a coordinate, so that it stays with each variable that is selected.
                text = {"long_name": one.attributes["long_name"]}
                coords[one.name] = xr.Variable(plan.dims[1:], data, text)
    if not plan.is_copy and "country" not in dropped:
        data = indexing.LazilyIndexedArray(_Map(handle, plan, None))
        coords["country"] = xr.Variable(plan.dims[1:], data, {"long_name": _COUNTRY})
    return xr.Dataset(variables, coords, plan.attributes)


class _Handle:
    """A database that is opened when it is needed, in the process that needs it.

    Threads share the connection and read through cursors of their own.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._build_id: str | None = None
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._con: duckdb.DuckDBPyConnection | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_build_id": self._build_id}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor for one thread.

        Raises
        ------
        DatabaseError
            If the database was rebuilt since the dataset was opened.
        """
        if self._pid != os.getpid():
            # A forked child inherits the connection but none of its threads: closing it there
            # would wait for them forever. It stays open, unused, until the child ends.
            _inherited.append(self._con)
            self._forget()
        with self._lock:
            if self._con is None:
                con = open_database(self.path)
                ((build_id, _, _),) = run_statement(con, "read_build")
                if self._build_id not in (None, build_id):
                    con.close()
                    raise DatabaseError(
                        f"{self.path}: was rebuilt since it was opened; open it again"
                    )
                self._con, self._build_id = con, build_id
            return new_cursor(self._con)

    def close(self) -> None:
        """Close the database; it is opened again if anything is read afterwards."""
        with self._lock:
            if self._con is not None:
                self._con.close()
                self._con = None


class _Values(BackendArray):
    """The values of one variable."""

    def __init__(self, handle: _Handle, plan: GridPlan, variable: GridVariable) -> None:
        self._handle = handle
        self._plan = plan
        self._variable = variable
        self.shape = plan.shape
        self.dtype = variable.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> npt.NDArray[Any]:
        support = indexing.IndexingSupport.OUTER
        values: npt.NDArray[Any] = indexing.explicit_indexing_adapter(
            key, self.shape, support, self._read
        )
        return values

    def _read(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        chosen = [np.atleast_1d(np.arange(n)[k]) for k, n in zip(key, self.shape, strict=True)]
        once = [np.unique(positions, return_inverse=True) for positions in chosen]
        with self._handle.connection() as con:
            (box,) = read_boxes(con, self._plan, [self._variable], *(places for places, _ in once))
        for axis, (_, inverse) in enumerate(once):
            if not np.array_equal(inverse, np.arange(box.shape[axis])):
                box = np.take(box, inverse, axis)
        dropped = tuple(axis for axis, k in enumerate(key) if isinstance(k, int | np.integer))
        return np.squeeze(box, dropped)


class _Map(BackendArray):
    """The values of one map, or the countries of the cells."""

    def __init__(self, handle: _Handle, plan: GridPlan, one: GridMap | None) -> None:
        self._handle = handle
        self._plan = plan
        self._one = one
        self.shape = plan.shape[1:]
        self.dtype = COUNTRY_TYPE
        if one is not None:
            self.dtype = one.dtype if one.dtype.kind == "f" else np.dtype(bool)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> npt.NDArray[Any]:
        support = indexing.IndexingSupport.BASIC
        values: npt.NDArray[Any] = indexing.explicit_indexing_adapter(
            key, self.shape, support, self._read
        )
        return values

    def _read(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        with self._handle.connection() as con:
            if self._one is None:
                return np.asarray(read_countries(con, self._plan)[key])
            values: npt.NDArray[Any] = read_map(con, self._plan, self._one)[key]
            return values.astype(self.dtype)
