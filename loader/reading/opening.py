"""Open a source with xarray: choose the engine, and say plainly why a file cannot be opened."""

from __future__ import annotations

import os
import stat
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from loader.errors import SourceError, SourceMissingError
from loader.reading.classic import CLASSIC_MAGICS, needed_size

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["open_undecoded"]

_HDF5 = b"\x89HDF\r\n\x1a\n"
_NOT_NETCDF = (
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"PK\x03\x04", "a zip archive; unpack it first"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"\xfd7zXZ", "an xz archive; unpack it first"),
    (b"GRIB", "a GRIB file; convert it to netCDF first"),
    (b"%PDF", "a PDF document"),
    (b"SQLite", "an SQLite database"),
)


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
    magic = _first_bytes(path)
    try:
        with warnings.catch_warnings():
            # Doubtful attributes (two fill values, say) are ours to judge, variable by variable.
            warnings.simplefilter("ignore")
            dataset = _open(path, magic)
    except ImportError:
        raise
    except Exception as error:  # the netCDF libraries raise anything on a damaged file
        size = Path(path).stat().st_size
        raise SourceError(
            path,
            f"cannot be opened as netCDF ({_one_line(error)}); the file has {size} bytes and is "
            "truncated or damaged: fetch it again",
        ) from error
    if not dataset.variables:
        groups = ", ".join(_groups(path, magic))
        found = f"holds its data in groups ({groups})" if groups else "holds no variables"
        dataset.close()
        raise SourceError(path, f"{found}; expected variables at the top level of the file")
    return dataset


def _first_bytes(path: str) -> bytes:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  # a path may hold bytes that pathlib refuses
    except FileNotFoundError as error:
        link = f" (a link to {os.readlink(path)})" if os.path.islink(path) else ""  # noqa: PTH114, PTH115
        raise SourceMissingError(path, f"there is no such file{link}") from error
    except (OSError, ValueError) as error:
        raise SourceError(path, f"cannot be looked at ({_one_line(error)})") from error
    if stat.S_ISDIR(mode):
        raise SourceError(path, "is a directory; expected a netCDF file")
    if not stat.S_ISREG(mode):
        raise SourceError(path, "is not a regular file; expected a netCDF file")
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # as above
            head = file.read(512)
    except OSError as error:
        raise SourceError(path, f"cannot be read ({_one_line(error)})") from error
    if not head:
        raise SourceError(path, "is empty; expected a netCDF file (a failed download?)")
    if head.startswith((*CLASSIC_MAGICS, _HDF5)):
        return head
    raise SourceError(path, f"is {_what_is(head)}; expected a netCDF file")


def _what_is(head: bytes) -> str:
    for start, what in _NOT_NETCDF:
        if head.startswith(start):
            return what
    text = head.lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head")):
        return "an HTML or XML document (a failed download?)"
    return "neither netCDF-3 nor netCDF-4 (HDF5)"


def _open(path: str, magic: bytes) -> xr.Dataset:
    if magic.startswith(_HDF5):
        from loader.reading.engine import DirectChunkBackend  # noqa: PLC0415  # classic files need no HDF5

        return xr.open_dataset(
            path,
            engine=DirectChunkBackend,
            decode_times=False,
            mask_and_scale=False,
            decode_coords=False,
            cache=False,
        )
    _refuse_truncated(path)
    return xr.open_dataset(
        path,
        engine="netcdf4",
        decode_times=False,
        mask_and_scale=False,
        decode_coords=False,
        cache=False,
    )


def _refuse_truncated(path: str) -> None:
    with open(path, "rb") as file:  # noqa: PTH123  # as above
        needed = needed_size(file)
        size = os.fstat(file.fileno()).st_size
    if size < needed:
        raise ValueError(f"its header needs {needed} bytes")


def _groups(path: str, magic: bytes) -> Iterator[str]:
    if magic.startswith(_HDF5):
        import h5py  # noqa: PLC0415  # only for the message

        with h5py.File(path, "r") as file:
            yield from (str(name) for name in file if isinstance(file[name], h5py.Group))


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
