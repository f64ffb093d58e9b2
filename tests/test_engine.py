"""Chunks that are inflated directly give the bits of the netCDF library, or an error in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from loader.reading.engine import ChunkError, DirectChunkBackend

SHAPE = (7, 11, 13)
CHUNKS = ((1, 11, 13), (2, 3, 5), (7, 11, 13), (1, 1, 1), (4, 11, 2), (5, 10, 13))
KINDS = ("f4", "f8", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")


def make(path: Path, kind: str, chunks: tuple[int, ...], **filters: Any) -> Path:  # noqa: ANN401
    rng = np.random.default_rng(3)
    dtype = np.dtype(kind)
    bits = rng.integers(0, 256, np.prod(SHAPE) * dtype.itemsize, dtype=np.uint8)
    values = bits.view(dtype).reshape(SHAPE)
    if dtype.kind == "f":
        values = np.where(np.isfinite(values), values, dtype.type(0.5))
    with netCDF4.Dataset(path, "w") as file:
        for name, size in zip("tyx", SHAPE, strict=True):
            file.createDimension(name, size)
        stored = dtype.newbyteorder(">") if filters.get("endian") == "big" else dtype
        variable = file.createVariable(
            "v", stored, tuple("tyx"), chunksizes=chunks, fill_value=False, **filters
        )
        variable.set_auto_maskandscale(False)
        variable[:] = values
    return path


def both(path: Path) -> tuple[xr.Dataset, xr.Dataset]:
    options: dict[str, Any] = {"mask_and_scale": False, "cache": False}
    return (
        xr.open_dataset(path, engine=DirectChunkBackend, **options),
        xr.open_dataset(path, engine="netcdf4", **options),
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"zlib": True, "complevel": 1},
        {"zlib": True, "shuffle": False},
        {"shuffle": True},
        {"zlib": True, "fletcher32": True},
        {"fletcher32": True},
        {"zlib": True, "endian": "big"},
    ],
    ids=str,
)
def test_every_type_and_filter_gives_the_same_bits(
    kind: str, filters: dict[str, Any], tmp_path: Path
) -> None:
    path = make(tmp_path / "f.nc", kind, (2, 3, 5), **filters)
    direct, general = both(path)
    with direct, general:
        left, right = direct.v.to_numpy(), general.v.to_numpy()
        assert left.dtype.newbyteorder("=") == right.dtype.newbyteorder("=")
        assert left.tobytes() == right.astype(left.dtype).tobytes()


def test_plain_chunks_are_read_directly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / "f.nc", "f4", (2, 3, 5), zlib=True)
    direct, general = both(path)
    with direct, general:
        expected = general.v.to_numpy()
        general_read = "xarray.backends.netCDF4_.NetCDF4ArrayWrapper.__getitem__"
        monkeypatch.setattr(general_read, lambda *_: pytest.fail("not direct"))
        np.testing.assert_array_equal(direct.v.to_numpy(), expected)


@pytest.fixture(scope="module", params=CHUNKS, ids=str)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401
    path = make(tmp_path_factory.mktemp("f") / "f.nc", "f4", request.param, zlib=True)
    direct, general = both(path)
    with direct, general:
        yield direct.v, general.v.load()


def keys(size: int) -> st.SearchStrategy[Any]:
    bound = st.none() | st.integers(-size - 2, size + 2)
    step = st.none() | st.integers(-3, 3).filter(bool)

    def older_xarray_takes(part: slice) -> bool:
        return part.step is None or part.step > 0 or bool(range(*part.indices(size)))

    # Before 2026, xarray takes neither an empty list nor an empty reversed slice from a lazy array.
    return (
        st.integers(-size, size - 1)
        | st.builds(slice, bound, bound, step).filter(older_xarray_takes)
        | st.lists(st.integers(-size, size - 1), min_size=1, max_size=4)
    )


@given(data=st.data())
def test_any_key_gives_the_same_part(pair: Any, data: st.DataObject) -> None:  # noqa: ANN401
    direct, general = pair
    chosen = {dim: data.draw(keys(size), dim) for dim, size in zip("tyx", SHAPE, strict=True)}
    left, right = direct.isel(chosen).to_numpy(), general.isel(chosen).to_numpy()
    assert left.shape == right.shape
    assert left.tobytes() == right.tobytes()


def test_chunks_that_were_never_written_are_the_fill_value(tmp_path: Path) -> None:
    path = tmp_path / "f.nc"
    with netCDF4.Dataset(path, "w") as file:
        for name, size in zip("tyx", SHAPE, strict=True):
            file.createDimension(name, size)
        for name, fill in (("own", 7.5), ("default", None)):
            variable = file.createVariable(
                name, "f4", tuple("tyx"), chunksizes=(2, 3, 5), zlib=True, fill_value=fill
            )
            variable[2:4, 3:6] = 1.25
    direct, general = both(path)
    with direct, general:
        for name in ("own", "default"):
            left, right = direct[name].to_numpy(), general[name].to_numpy()
            assert left.tobytes() == right.tobytes()
        assert direct.own.to_numpy()[0, 0, 0] == 7.5


def test_an_unlimited_dimension_reads_as_long_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "f.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("t", None)
        file.createDimension("x", 5)
        long = file.createVariable("long", "f4", ("t", "x"), chunksizes=(2, 5), zlib=True)
        long[:7] = np.arange(35).reshape(7, 5)
        short = file.createVariable("short", "f4", ("t", "x"), chunksizes=(4, 5), zlib=True)
        short[:3] = 1.5
    direct, general = both(path)
    with direct, general:
        for name in ("long", "short"):
            assert direct[name].to_numpy().tobytes() == general[name].to_numpy().tobytes()


def chunk_of(path: Path, number: int) -> tuple[tuple[int, ...], int, int]:
    with h5py.File(path) as file:
        info = file["v"].id.get_chunk_info(number)
        return tuple(info.chunk_offset), info.byte_offset, info.size


@pytest.mark.parametrize("damage", ["bytes", "header", "shorter", "longer"])
def test_a_damaged_chunk_is_named_by_its_index(damage: str, tmp_path: Path) -> None:
    import zlib  # noqa: PLC0415  # makes a sound stream of the wrong length

    path = make(tmp_path / "f.nc", "f4", (2, 3, 5), zlib=True, shuffle=False)
    index, offset, size = chunk_of(path, 4)
    with path.open("r+b") as raw:
        raw.seek(offset)
        if damage == "bytes":
            raw.seek(offset + size // 2)
            raw.write(b"\xa5" * 20)
        elif damage == "header":
            raw.write(b"\x00" * 4)
        else:
            count = 10 if damage == "shorter" else 20_000
            stream = zlib.compress(b"\0" * count, 9)
            assert len(stream) <= size
            raw.write(stream)
    with xr.open_dataset(path, engine=DirectChunkBackend, mask_and_scale=False) as dataset:
        with pytest.raises(ChunkError, match=rf"the chunk at \({index[0]}, .*damaged") as caught:
            dataset.v.to_numpy()
        assert caught.value.index == index
        other = [slice(start, start + 1) for start in chunk_of(path, 0)[0]]
        dataset.v.isel(dict(zip("tyx", other, strict=True))).to_numpy()


def test_a_chunk_beyond_the_end_of_the_file_is_an_error(tmp_path: Path) -> None:
    path = make(tmp_path / "f.nc", "f4", (2, 3, 5), zlib=True)
    with xr.open_dataset(path, engine=DirectChunkBackend, mask_and_scale=False) as dataset:
        last = max(chunk_of(path, n)[1] for n in range(4 * 4 * 3))
        with path.open("r+b") as raw:
            raw.truncate(last + 3)
        with pytest.raises(ChunkError, match=r"ends \d+ bytes early"):
            dataset.v.to_numpy()


def test_the_file_is_closed_with_the_last_array(tmp_path: Path) -> None:
    path = make(tmp_path / "f.nc", "f4", (2, 3, 5), zlib=True)
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("no /proc here")

    def held() -> int:
        found = [p for p in descriptors.iterdir() if p.is_symlink()]
        return sum(str(p.readlink()) == str(path) for p in found if p.exists())

    dataset = xr.open_dataset(path, engine=DirectChunkBackend, mask_and_scale=False)
    assert held() >= 1
    dataset.close()
    del dataset
    import gc  # noqa: PLC0415  # arrays hold each other in a circle

    gc.collect()
    assert held() == 0
