"""Find the chunks of a Zarr array that are stored, including those inside shards."""

from __future__ import annotations

import itertools
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from loader.errors import SourceError
from loader.remote.stores import is_address, store_of

__all__ = ["missing_chunks", "stored_chunks"]

_ABSENT = np.iinfo(np.uint64).max
"""Offset and length of a chunk that a shard does not hold (Zarr v3, sharding-indexed codec)."""

_ENTRY_BYTES = 16
_CHECKSUM_BYTES = 4

_Bounds = tuple[int, ...]


def missing_chunks(
    path: str,
    array: Any,  # noqa: ANN401  # zarr's own
    names: frozenset[str] | None = None,
) -> tuple[int, int]:
    """Count the chunks of an array that are not stored, which would read as its fill value.

    Parameters
    ----------
    path : str
        The store: a local folder or an address.
    array : zarr.Array
    names : frozenset of str, optional
        The entries of the store, where it is not a folder of files.

    Returns
    -------
    tuple of (int, int)
        Number of missing chunks, and of all chunks.

    Raises
    ------
    SourceError
        If the index of a shard is damaged, or encoded in a way that the specification does not
        expect of stores that are written once.

    Notes
    -----
    zarr counts a shard that exists as complete. A shard ends (or begins) with its index: offset and
    length of each inner chunk, uint64 in little-endian order, and mostly a CRC-32C of 4 bytes; see
    https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/.
    """
    total = math.prod(
        -(-size // chunk) for size, chunk in zip(array.shape, array.chunks, strict=True)
    )
    if names is not None:
        return total - int(np.count_nonzero(stored_chunks(path, array, names))), total
    if getattr(array, "shards", None) is None:
        return array.nchunks - array.nchunks_initialized, total
    stored = sum(int(np.count_nonzero(_stored(path, array, p))) for p in _places(array))
    return total - stored, total


def stored_chunks(
    path: str,
    array: Any,  # noqa: ANN401
    names: frozenset[str] | None = None,
) -> npt.NDArray[np.bool_]:
    """Return which chunks of an array are stored.

    Returns
    -------
    ndarray of bool
        Its shape is the number of chunks along each dimension.
    """
    counts = [-(-size // chunk) for size, chunk in zip(array.shape, array.chunks, strict=True)]
    stored = np.zeros(counts, dtype=np.bool_)
    # 1. Without shards, a chunk is a file or a key of its own.
    if getattr(array, "shards", None) is None:
        prefix = f"{array.path}/".lstrip("/")
        if names is not None:
            own = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
        else:
            own = _names(path, array)
        for place in np.ndindex(*counts):
            stored[place] = array.metadata.encode_chunk_key(place) in own
        return stored
    if names is not None:
        raise SourceError(path, "has shards, whose contents cannot be counted here", array.basename)
    # 2. With shards, the index of each shard says which of its chunks are stored.
    for place in _places(array):
        inner = [s // c for s, c in zip(array.shards, array.chunks, strict=True)]
        box = tuple(
            slice(k * n, min((k + 1) * n, count))
            for k, n, count in zip(place, inner, counts, strict=True)
        )
        stored[box] = _stored(path, array, place)
    return stored


def _names(path: str, array: Any) -> set[str]:  # noqa: ANN401
    """Return the names of the files of an array, relative to it."""
    prefix = f"{array.path}/".lstrip("/")
    if is_address(path):
        store = store_of(path)
        root = f"{store.path.rstrip('/')}/"
        files = [str(name).removeprefix(root) for name in store.fs.find(f"{root}{array.path}")]
        files = [name[name.find(prefix) :] for name in files]
    elif Path(path).is_file():
        with zipfile.ZipFile(path) as archive:
            files = archive.namelist()
    else:
        root_folder = Path(path)
        files = [p.relative_to(root_folder).as_posix() for p in root_folder.rglob("*")]
    return {name.removeprefix(prefix) for name in files if name.startswith(prefix)}


def _places(array: Any) -> itertools.product[_Bounds]:  # noqa: ANN401
    counts = (-(-size // shard) for size, shard in zip(array.shape, array.shards, strict=True))
    return itertools.product(*map(range, counts))


def _stored(path: str, array: Any, place: _Bounds) -> npt.NDArray[np.bool_]:  # noqa: ANN401
    """Return which chunks of the array one shard holds, those beyond its edge left out."""
    inner = tuple(s // c for s, c in zip(array.shards, array.chunks, strict=True))
    codec, *others = array.metadata.codecs
    known = [_name(one) for one in getattr(codec, "index_codecs", ())]
    nested = [_name(one) for one in (*others, *getattr(codec, "codecs", ()))]
    if known not in (["bytes"], ["bytes", "crc32c"]) or "sharding_indexed" in nested or others:
        problem = "has nested shards, or shards with a further encoding"
        expected = "expected sharding_indexed alone, its index as bytes and crc32c; write it again"
        raise SourceError(path, f"{problem}; {expected}", array.basename)
    size = math.prod(inner) * _ENTRY_BYTES + _CHECKSUM_BYTES * (len(known) - 1)
    key = f"{array.path}/{array.metadata.encode_chunk_key(place)}".lstrip("/")
    data = _index(path, key, size, at_end=codec.index_location.value == "end")
    if data is not None and len(data) != size:
        raise SourceError(path, f"shard {key} is truncated; write it again", array.basename)
    # Chunks beyond the edge of the array belong to a shard, but hold nothing.
    inside = tuple(
        slice(0, min(count, -(-extent // chunk) - position * count))
        for count, extent, chunk, position in zip(
            inner, array.shape, array.chunks, place, strict=True
        )
    )
    if data is None:
        return np.zeros(inner, dtype=np.bool_)[inside]
    held: npt.NDArray[np.bool_] = _offsets(data, inner)[inside] != _ABSENT
    return held


def _name(codec: Any) -> str:  # noqa: ANN401
    return str(codec.to_dict()["name"])


def _offsets(data: bytes, inner: _Bounds) -> npt.NDArray[np.uint64]:
    entries = np.frombuffer(data, dtype="<u8", count=2 * math.prod(inner))
    return entries.reshape(*inner, 2)[..., 0]


def _index(path: str, key: str, size: int, *, at_end: bool) -> bytes | None:
    """Read the first or last bytes of a shard; None if there is no such shard."""
    try:
        if is_address(path):
            store = store_of(path)
            where = f"{store.path.rstrip('/')}/{key}"
            begin, end = (-size, None) if at_end else (0, size)
            data: bytes = store.fs.cat_file(where, start=begin, end=end)
            return data
        if Path(path).is_file():
            with zipfile.ZipFile(path) as archive:
                content = archive.read(key)
            return content[-size:] if at_end else content[:size]
        with (Path(path) / key).open("rb") as file:
            if at_end:
                length = file.seek(0, 2)
                file.seek(max(0, length - size))
            return file.read(size)
    except (FileNotFoundError, KeyError):
        return None
