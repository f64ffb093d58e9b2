"""Open a source with xarray: choose the engine, and explain why a file cannot be opened."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING

import xarray as xr

from loader.errors import SourceError
from loader.reading.addresses import (
    UNDECODED,
    is_zarr_archive,
    is_zarr_folder,
    open_address,
    open_zarr_store,
)
from loader.reading.headers import HDF5_MAGIC, check_header, damaged
from loader.reading.references import is_referenced
from loader.remote.stores import is_address

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["open_undecoded"]


def open_undecoded(path: str) -> xr.Dataset:
    """Open a file or a store as it is: no times decoded, no values masked or scaled.

    Parameters
    ----------
    path : str
        A netCDF-3 or netCDF-4 file, a Zarr store, or the address of one.

    Returns
    -------
    xarray.Dataset
        Lazily indexed; the caller closes it.

    Raises
    ------
    SourceMissingError
        If the file does not exist.
    SourceError
        If it is not a regular file, empty, not netCDF or damaged.
    ServiceError
        If it is an address whose store does not answer.
    """
    if is_address(path):
        return _not_empty(path, open_address(path))
    if is_zarr_folder(path) or is_zarr_archive(path) or is_referenced(path):
        return _not_empty(path, open_zarr_store(path))
    magic = check_header(path)
    try:
        with warnings.catch_warnings():
            # Doubtful attributes, such as two fill values, are checked later for each variable.
            warnings.simplefilter("ignore")
            dataset = _open(path, magic)
    except ImportError:
        raise
    except Exception as error:  # the netCDF libraries raise anything on a damaged file
        raise damaged(path, error) from error
    return _not_empty(path, dataset, magic)


def _not_empty(path: str, dataset: xr.Dataset, magic: bytes = b"") -> xr.Dataset:
    if dataset.variables:
        return dataset
    groups = ", ".join(_groups(path, magic))
    problem = f"holds its data in groups ({groups})" if groups else "holds no variables"
    dataset.close()
    raise SourceError(path, f"{problem}; expected variables at the top level of the file")


def _open(path: str, magic: bytes) -> xr.Dataset:
    # Absolute: xarray takes a leading ~ for the home folder.
    path = os.path.abspath(path)  # noqa: PTH100  # a path may hold bytes that pathlib refuses
    if magic.startswith(HDF5_MAGIC):
        from loader.reading.engine import DirectChunkBackend  # noqa: PLC0415  # classic files need no HDF5

        return xr.open_dataset(path, engine=DirectChunkBackend, **UNDECODED)
    return xr.open_dataset(path, engine="netcdf4", **UNDECODED)


def _groups(path: str, magic: bytes) -> Iterator[str]:
    if magic.startswith(HDF5_MAGIC):
        import h5py  # noqa: PLC0415  # only for the message

        with h5py.File(path, "r") as file:
            yield from (str(name) for name in file if isinstance(file[name], h5py.Group))
