"""Open a source at an address, or a Zarr store anywhere."""

from __future__ import annotations

import os
import time
import warnings
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from loader.errors import (
    ExtraMissingError,
    LucLoadError,
    ServiceError,
    SourceError,
    one_line,
)
from loader.reading.coordinates import find_dimensions
from loader.reading.headers import HDF5_MAGIC, what_is
from loader.reading.missing import missing_codes
from loader.reading.references import is_referenced, open_referenced
from loader.reading.shards import missing_chunks, stored_chunks
from loader.remote.stores import is_lost, store_of, translated
from loader.schema import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loader.remote.stores import Store

__all__ = [
    "UNDECODED",
    "StoredFile",
    "is_zarr_archive",
    "is_zarr_folder",
    "open_address",
    "open_zarr_store",
]

_ZARR_MARKS = ("zarr.json", ".zgroup", ".zmetadata")

_HEAD_BYTES = 512

_PAUSES_SECONDS = (0.5, 2.0, 5.0)
"""Wait before requesting the same range again, as after an error of a busy store."""

_BLOCK_BYTES = 2**18
"""HDF5 metadata is scattered in small pieces, so complete blocks around it are cached."""

UNDECODED: Mapping[str, Any] = {
    "decode_times": False,
    "mask_and_scale": False,
    "decode_coords": False,
    "cache": False,
}
"""How xarray opens every source: undecoded, with nothing cached in memory."""


def is_zarr_folder(path: str) -> bool:
    """Return whether a local folder is a Zarr store."""
    return any((Path(path) / mark).is_file() for mark in _ZARR_MARKS)


def _refuse_odd_files(path: str) -> None:
    """Raise if a local store has files that are not regular: reading a pipe would never end.

    Links to files are followed, as those of git-annex; links to folders are not.

    Raises
    ------
    SourceError
    """
    folders = [path]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif not entry.is_file():
                    name = os.path.relpath(entry.path, path)
                    is_link = entry.is_symlink() and entry.is_dir()
                    kind = "a link to a folder" if is_link else "not a regular file"
                    raise SourceError(path, f"its {name} is {kind}; remove it or write a copy")


def is_zarr_archive(path: str) -> bool:
    """Return whether a local file is a zip archive that holds a Zarr store."""
    if not path.endswith(".zip"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False
    return not names.isdisjoint(_ZARR_MARKS)


def open_address(address: str) -> xr.Dataset:
    """Open a netCDF-4 file or a Zarr store at an address, undecoded.

    Parameters
    ----------
    address : str
        With a scheme that fsspec knows.

    Returns
    -------
    xarray.Dataset
        Lazily indexed; the caller closes it.

    Raises
    ------
    SourceMissingError
        If nothing exists at the address.
    SourceError
        If it is neither netCDF-4 nor Zarr, damaged, or access is refused.
    ServiceError
        If the store does not answer.
    ExtraMissingError
        If the extra of its scheme is not installed.
    """
    store = store_of(address)
    with translated(address):
        # 1. Zarr, by its suffix or by what is in the folder.
        if store.path.rstrip("/").endswith(".zarr"):
            return open_zarr_store(address)
        if store.fs.info(store.path)["type"] == "directory":
            folder = store.path.rstrip("/")
            if any(store.fs.exists(f"{folder}/{mark}") for mark in _ZARR_MARKS):
                return open_zarr_store(address)
            raise SourceError(address, "is neither a netCDF file nor a Zarr store")
        # 2. Else a file. Its first bytes show the format, and whether the server sends ranges.
        head = store.fs.cat_file(store.path, start=0, end=_HEAD_BYTES)
    if not head:
        raise SourceError(address, "is empty; expected a netCDF file (a failed upload?)")
    if not head.startswith(HDF5_MAGIC):
        raise SourceError(
            address,
            f"is {what_is(head)}; at an address only netCDF-4 and Zarr can be read: download the "
            "file first",
        )
    if len(head) > _HEAD_BYTES:
        raise SourceError(
            address, "its server does not support range requests; download the file first"
        )
    return _open_netcdf(store)


def _open_netcdf(store: Store) -> xr.Dataset:
    try:
        import h5netcdf  # noqa: F401, PLC0415  # an extra
    except ImportError as error:
        raise ExtraMissingError(
            f"{store.address}: reading netCDF at an address needs h5netcdf: "
            'pip install "luc-load[s3]", [gcs] or [http]'
        ) from error
    from loader.reading.engine import DirectChunkBackend  # noqa: PLC0415  # HDF5 is slow to import

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return xr.open_dataset(StoredFile(store), engine=DirectChunkBackend, **UNDECODED)  # type: ignore[arg-type]  # the engine takes it
    except LucLoadError:
        raise
    except Exception as error:
        if is_lost(error):
            with translated(store.address):
                raise
        problem = f"cannot be opened as netCDF ({one_line(error)}); it is truncated or damaged"
        raise SourceError(store.address, f"{problem}: upload it again") from error


class StoredFile:
    """A file of a store whose byte ranges are read one by one, from any thread.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self) -> IO[bytes]:
        """Return it as a Python file, for the libraries that read its metadata."""
        file: IO[bytes] = self._store.fs.open(
            self._store.path, "rb", block_size=_BLOCK_BYTES, cache_type="blockcache"
        )
        return file

    def read(self, offset: int, size: int) -> bytes:
        """Return a range of the file's bytes, retrying for a few seconds after an error.

        Raises
        ------
        ServiceError
            If the store does not answer, or sends more or fewer bytes than requested.
        """
        for pause in _PAUSES_SECONDS:
            try:
                return self._read_once(offset, size)
            except ServiceError:
                time.sleep(pause)
        return self._read_once(offset, size)

    def _read_once(self, offset: int, size: int) -> bytes:
        address = self._store.address
        with translated(address):
            data: bytes = self._store.fs.cat_file(self._store.path, start=offset, end=offset + size)
        if len(data) != size:
            sent = f"the store sent {len(data)} bytes instead of the {size} requested"
            raise ServiceError(f"{address}: {sent}; run the same command again to resume")
        return data


def open_zarr_store(path: str) -> xr.Dataset:
    """Open a Zarr store, version 2 or 3.

    Parameters
    ----------
    path : str
        A local folder, zip archive, file of references or repository, or an address.

    Returns
    -------
    xarray.Dataset
        Lazily indexed and undecoded.

    Raises
    ------
    SourceError
        If chunks are missing that do not mean missing values, or it cannot be opened.
    ServiceError
        If the store does not answer.
    ExtraMissingError
        If zarr is not installed.
    """
    try:
        import zarr  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise ExtraMissingError(
            f'{path}: a Zarr store needs zarr: pip install "luc-load[zarr]"'
        ) from error
    if path.startswith(("http://", "https://")):
        expected = "expected one in a store that lists its files, such as s3://, or a local folder"
        raise SourceError(
            path, f"is a Zarr store on a web server, which cannot be read; {expected}"
        )
    if Path(path).is_dir():
        try:
            _refuse_odd_files(path)
        except OSError as error:
            raise SourceError(path, f"cannot be read ({error.strerror})") from error
    with translated(path), warnings.catch_warnings():
        # Missing consolidated metadata and data types outside version 3 are not errors here.
        warnings.simplefilter("ignore")
        where: Any = path
        names: frozenset[str] | None = None
        how: dict[str, Any] = {}
        if is_referenced(path):
            where, names = open_referenced(path)
            how["consolidated"] = False
        elif Path(path).is_file():
            where = zarr.storage.ZipStore(path, mode="r")
        dataset = xr.open_dataset(where, engine="zarr", chunks=None, **UNDECODED, **how)
        _refuse_missing_chunks(path, zarr.open_group(where, mode="r"), dataset, names)
        return dataset[_in_order([str(name) for name in dataset.data_vars])]


def _refuse_missing_chunks(
    path: str,
    group: Any,  # noqa: ANN401  # zarr's own
    dataset: xr.Dataset,
    names: frozenset[str] | None,
) -> None:
    """Raise if chunks of a store are missing, unless its fill value means missing.

    Stores leave out chunks that only hold the fill value, such as those of the sea. If the fill
    value is a number like any other, a chunk that was never written looks like one of that value.
    A step of time without any chunk was not written either.
    """
    for name, array in group.arrays():
        missing, total = missing_chunks(path, array, names) if array.ndim else (0, 0)
        if not missing:
            continue
        stored = dataset.variables.get(name)
        problem = f"lacks {missing} of {total} chunks"
        if stored is None or stored.ndim < 2 or not _means_missing(path, name, array, stored):
            raise SourceError(
                path,
                f"{problem}, and its fill value ({array.fill_value}) is not declared as missing: "
                "it was written incompletely, or without its empty chunks; write it again, with "
                "write_empty_chunks=True",
                name,
            )
        # A year without any chunk was not written, whatever the fill value means.
        present = stored_chunks(path, array, names)
        time = find_dimensions(dataset, path).time
        if time in stored.dims:
            others = tuple(k for k in range(stored.ndim) if k != stored.dims.index(time))
            if not present.any(axis=others).all():
                raise SourceError(
                    path,
                    f"{problem}, all of some years: it was written incompletely; write it again, "
                    "with write_empty_chunks=True if these years have no values",
                    name,
                )


def _means_missing(path: str, name: str, array: Any, variable: xr.Variable) -> bool:  # noqa: ANN401
    """Return whether the value of chunks that are not stored is declared as missing."""
    fill = array.fill_value
    if fill is None or variable.dtype.kind not in "iuf":
        return False
    if variable.dtype.kind == "f" and np.isnan(fill):
        return True
    return any(fill == code for code in missing_codes(variable, path, name))


def _in_order(names: list[str]) -> list[str]:
    """Order the variables as in the file that the store came from: a store has no order."""
    known = [variable.name for source in SOURCES.values() for variable in source.variables]
    place = {name: position for position, name in enumerate(known)}
    return sorted(names, key=lambda name: (place.get(name, len(place)), name))
