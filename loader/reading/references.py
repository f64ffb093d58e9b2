"""Open Zarr data that other programs describe: kerchunk's references, icechunk's repositories."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loader.errors import ExtraMissingError, SourceError, one_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["is_referenced", "open_referenced"]

_HEAD_BYTES = 4096
_PARQUET_SUFFIXES = (".parq", ".parquet")
_ICECHUNK = ("refs", "snapshots", "manifests")
_BRANCH = "main"


def is_referenced(path: str) -> bool:
    """Return whether a local path holds references of kerchunk, or is a repository of icechunk."""
    return _is_kerchunk(path) or _is_icechunk(path)


def open_referenced(path: str) -> tuple[Any, frozenset[str]]:
    """Open such a path as a store of zarr.

    Parameters
    ----------
    path : str
        A file of kerchunk (.json), its folder of Parquet files (.parq, .parquet), or the folder of
        an icechunk repository, whose branch main is read.

    Returns
    -------
    tuple of (zarr store, frozenset of str)
        The store, open for reading, and the names of all its entries.

    Raises
    ------
    SourceError
        If it cannot be read.
    ExtraMissingError
        If a library is not installed.
    """
    opener = _open_kerchunk if _is_kerchunk(path) else _open_icechunk
    try:
        return opener(path)
    except (ExtraMissingError, SourceError):
        raise
    except ImportError as error:
        raise ExtraMissingError(
            f'{path}: references of kerchunk need zarr: pip install "luc-load[zarr]"'
        ) from error
    except Exception as error:  # the libraries raise anything on a damaged file
        raise SourceError(path, f"cannot be opened ({one_line(error)}); write it again") from error


def _is_kerchunk(path: str) -> bool:
    place = Path(path)
    if path.endswith(_PARQUET_SUFFIXES):
        return (place / ".zmetadata").is_file()
    if not path.endswith(".json") or not place.is_file():
        return False
    with place.open("rb") as file:
        return b'"refs"' in file.read(_HEAD_BYTES)


def _is_icechunk(path: str) -> bool:
    return all((Path(path) / name).is_dir() for name in _ICECHUNK)


def _open_kerchunk(path: str) -> tuple[Any, frozenset[str]]:
    import fsspec  # noqa: PLC0415  # an extra
    import zarr  # noqa: PLC0415  # an extra

    files = fsspec.filesystem("reference", fo=str(Path(path).resolve()), asynchronous=True)
    return zarr.storage.FsspecStore(files, read_only=True), frozenset(map(str, files.references))


def _open_icechunk(path: str) -> tuple[Any, frozenset[str]]:
    try:
        import icechunk  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise ExtraMissingError(
            f'{path}: a repository of icechunk needs icechunk: pip install "luc-load[icechunk]"'
        ) from error
    icechunk.set_logs_filter("error")
    storage = icechunk.local_filesystem_storage(str(Path(path).resolve()))
    store = icechunk.Repository.open(storage).readonly_session(_BRANCH).store
    return store, frozenset(asyncio.run(_all(store.list())))


async def _all(names: AsyncIterator[str]) -> list[str]:
    return [str(name) async for name in names]
