"""Open a source with xarray: choose the engine, and say plainly why a file cannot be opened."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import xarray as xr

from loader.errors import SourceError
from loader.reading.headers import HDF5_MAGIC, check_header, damaged

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["open_undecoded"]


def open_undecoded(path: str) -> xr.Dataset:
    """Open a local netCDF file as it is: no times decoded, no values masked or scaled.

    Parameters
    ----------
    path : str
        A netCDF-3 or netCDF-4 file.

    Returns
    -------
    xarray.Dataset
        Lazily indexed; the caller closes it.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    SourceError
        If it is no regular file, empty, not netCDF or damaged.
    """
    magic = check_header(path)
    try:
        with warnings.catch_warnings():
            # Doubtful attributes (two fill values, say) are ours to judge, variable by variable.
            warnings.simplefilter("ignore")
            dataset = _open(path, magic)
    except ImportError:
        raise
    except Exception as error:  # the netCDF libraries raise anything on a damaged file
        raise damaged(path, error) from error
    if not dataset.variables:
        groups = ", ".join(_groups(path, magic))
        found = f"holds its data in groups ({groups})" if groups else "holds no variables"
        dataset.close()
        raise SourceError(path, f"{found}; expected variables at the top level of the file")
    return dataset


def _open(path: str, magic: bytes) -> xr.Dataset:
    if magic.startswith(HDF5_MAGIC):
        from loader.reading.engine import DirectChunkBackend  # noqa: PLC0415  # classic files need no HDF5

        return xr.open_dataset(
            path,
            engine=DirectChunkBackend,
            decode_times=False,
            mask_and_scale=False,
            decode_coords=False,
            cache=False,
        )
    return xr.open_dataset(
        path,
        engine="netcdf4",
        decode_times=False,
        mask_and_scale=False,
        decode_coords=False,
        cache=False,
    )


def _groups(path: str, magic: bytes) -> Iterator[str]:
    if magic.startswith(HDF5_MAGIC):
        import h5py  # noqa: PLC0415  # only for the message

        with h5py.File(path, "r") as file:
            yield from (str(name) for name in file if isinstance(file[name], h5py.Group))
