"""A chunk that a flipped bit of the index moved is damage, whichever library reads the chunks."""

from __future__ import annotations

import struct
from pathlib import Path

import h5py
import numpy as np
import pytest

from loader import SourceError
from loader.reading.chunkindex import read_index
from loader.reading.opening import open_undecoded


def chunked(path: Path, kind: str) -> Path:
    with h5py.File(path, "w", libver="earliest") as file:
        for name, size in (("y", 4), ("x", 8)):
            file.create_dataset(name, data=np.arange(size, dtype="f4")).make_scale(name)
        values = np.arange(32).reshape(4, 8).astype(kind)
        variable = file.create_dataset("v", data=values, chunks=(2, 2))
        for axis, name in enumerate("yx"):
            variable.dims[axis].attach_scale(file[name])
    return path


def moved(path: Path, old: tuple[int, int], new: tuple[int, int]) -> Path:
    """Change the key of a chunk in the B-tree: size, filter mask, offsets and a zero."""
    data = path.read_bytes()
    size = 4 * 2 * 2
    key, other = (struct.pack("<IIQQQ", size, 0, *offset, 0) for offset in (old, new))
    assert data.count(key) == 1
    path.write_bytes(data.replace(key, other))
    return path


@pytest.mark.parametrize("kind", ["f4", ">f4"])
@pytest.mark.parametrize("new", [(2, 6), (0, 0), (2, 40), (1, 4), (2, 2)])
def test_a_chunk_at_another_place_is_damage(
    new: tuple[int, int], kind: str, tmp_path: Path
) -> None:
    path = moved(chunked(tmp_path / "a.nc", kind), (2, 4), new)
    with pytest.raises(SourceError, match="damaged"):
        open_undecoded(str(path))


@pytest.mark.parametrize("kind", ["f4", ">f4"])
def test_a_sound_index_lists_every_chunk(kind: str, tmp_path: Path) -> None:
    with h5py.File(chunked(tmp_path / "a.nc", kind)) as file:
        index = read_index(file["v"])
    assert index is not None
    assert list(index.places) == [(y, x) for y in (0, 2) for x in (0, 2, 4, 6)]
    assert not index.is_skipping


@pytest.mark.parametrize("growing", [(None, 8), (4, None), (None, None)])
def test_every_kind_of_index_of_new_hdf5_is_sound(
    growing: tuple[int | None, int | None], tmp_path: Path
) -> None:
    """Extensible arrays and B-trees of version 2 have orders of their own."""
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        grown = file.create_dataset("v", (2, 2), "f4", chunks=(2, 2), maxshape=growing)
        shape = tuple(8 if most is None else most for most in growing)
        grown.resize(shape)
        grown[:] = np.arange(shape[0] * shape[1]).reshape(shape)
        index = read_index(grown)
    # HDF5 lists the chunks wrongly where only the second dimension grows: it reads them itself.
    assert (index is None) == (growing[0] is not None)
    assert index is None or len(index.places) == shape[0] * shape[1] // 4
    read = open_undecoded(str(tmp_path / "a.h5"))["v"].to_numpy()
    assert read.tolist() == np.arange(shape[0] * shape[1]).reshape(shape).tolist()


def test_what_is_not_chunked_has_no_index(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        assert read_index(file.create_dataset("v", data=np.zeros((2, 2)))) is None
        assert read_index(file.create_dataset("w", (4, 4), "f4", chunks=(2, 2))) is not None
