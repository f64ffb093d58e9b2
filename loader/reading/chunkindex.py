"""Read and verify the index of the chunks of an HDF5 dataset.

It has no checksum in the files that the netCDF library writes. Where a flipped bit moves a chunk,
the libraries return another chunk or whatever is in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import h5py

__all__ = ["ChunkIndex", "read_index"]

_CHECKSUMS = 3
"""Version of the superblock since which every index has a checksum."""


@dataclass(frozen=True)
class ChunkIndex:
    """Where the chunks of a dataset are in the file.

    Attributes
    ----------
    places : dict of tuple of int to tuple of (int, int)
        Offset in bytes and size of each chunk, by its first element, in the order of the index.
    is_skipping : bool
        Whether a filter was skipped for some chunk.
    """

    places: dict[tuple[int, ...], tuple[int, int]]
    is_skipping: bool


def read_index(dataset: h5py.Dataset) -> ChunkIndex | None:
    """Read the index of the chunks.

    Parameters
    ----------
    dataset : h5py.Dataset

    Returns
    -------
    ChunkIndex or None
        None if there are no chunks, or the HDF5 library cannot list them.

    Raises
    ------
    ValueError
        If the index is damaged: HDF5 would read a chunk as another.
    """
    # An h5py built on an old HDF5 has no chunk_iter; looking chunks up one by one is too slow.
    chunk_iter = getattr(dataset.id, "chunk_iter", None)
    if dataset.chunks is None or chunk_iter is None:
        return None
    places: dict[tuple[int, ...], tuple[int, int]] = {}
    skipped, count = False, 0

    def note(chunk: Any) -> None:  # noqa: ANN401  # h5py's StoreInfo
        nonlocal skipped, count
        count += 1
        skipped = skipped or chunk.filter_mask != 0
        places[tuple(map(int, chunk.chunk_offset))] = (chunk.byte_offset, chunk.size)

    chunk_iter(note)
    if count == len(places) and _is_sound(dataset, places):
        return ChunkIndex(places, skipped)
    if _has_checksums(dataset):
        # HDF5 lists an extensible array wrongly whose first dimension does not grow.
        return None
    raise ValueError(f"the index of the chunks of {dataset.name} is damaged")


def _has_checksums(dataset: h5py.Dataset) -> bool:
    """Return whether HDF5 verifies the index: whether the file has the format of HDF5 1.10."""
    return bool(dataset.file.id.get_create_plist().get_version()[0] >= _CHECKSUMS)


def _is_sound(dataset: h5py.Dataset, places: dict[tuple[int, ...], tuple[int, int]]) -> bool:
    """Return whether every chunk is where a chunk can be, and HDF5 finds it there."""
    origins = np.array(list(places), dtype=np.int64).reshape(len(places), dataset.ndim)
    sizes, shape = np.array(dataset.chunks), np.array(dataset.shape)
    if ((origins % sizes != 0) | (origins < 0) | (origins >= shape)).any():
        return False
    # One number per chunk that grows in the order of the chunks.
    steps = tuple(int(step) for step in -(-shape // sizes))
    numbers = np.ravel_multi_index(tuple((origins // sizes).T), steps) if places else origins
    if (np.diff(numbers) > 0).all():
        return True
    # An index of another order can be sound too: look every chunk up.
    return all(_finds(dataset, origin, offset) for origin, (offset, _) in places.items())


def _finds(dataset: h5py.Dataset, origin: tuple[int, ...], offset: int) -> bool:
    try:
        return bool(dataset.id.get_chunk_info_by_coord(origin).byte_offset == offset)
    except (OSError, RuntimeError, ValueError):
        return False
