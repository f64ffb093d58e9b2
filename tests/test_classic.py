"""The size that a netCDF classic file must have: not a byte more than its values need, nor less."""

from __future__ import annotations

import io
from itertools import product
from pathlib import Path
from typing import Any, Literal

import netCDF4
import numpy as np
import numpy.typing as npt
import pytest

from loader.reading.classic import needed_size

Kind = Literal["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"]
KINDS: tuple[Kind, ...] = ("NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA")

LAYOUTS: dict[str, list[tuple[str, tuple[str, ...]]]] = {
    "one fixed": [("f4", ("y", "x"))],
    "fixed of odd sizes": [("i1", ("x",)), ("i2", ("y", "x")), ("i1", ("y", "x"))],
    "a scalar last": [("f8", ("x",)), ("f8", ())],
    "one record": [("f4", ("t", "y", "x"))],
    "one record of odd size": [("i1", ("t", "x"))],
    "one record of two bytes": [("i2", ("t", "x"))],
    "records of odd sizes": [("i1", ("t", "x")), ("i2", ("t", "x")), ("i1", ("t",))],
    "fixed and records": [("f8", ("y",)), ("f4", ("t", "y", "x")), ("i1", ("t", "x"))],
}


def make(path: Path, kind: Kind, layout: str, records: int) -> Path:
    """Write values without a zero byte, so that every byte that is lost shows."""
    with netCDF4.Dataset(path, "w", format=kind) as file:
        file.title = "a file of odd length"
        file.createDimension("t", None)
        file.createDimension("y", 3)
        file.createDimension("x", 5)
        for number, (dtype, dims) in enumerate(LAYOUTS[layout]):
            variable = file.createVariable(f"v{number}", dtype, dims, fill_value=False)
            variable.units = "m" * (number + 1)
            size = {"t": records, "y": 3, "x": 5}
            shape = tuple(size[dim] for dim in dims)
            item = np.dtype(dtype)
            data = np.full(int(np.prod(shape)) * item.itemsize, 0x11, dtype=np.uint8)
            if data.size:
                variable[...] = data.view(item).reshape(shape)
    return path


def values(path: Path) -> dict[str, npt.NDArray[Any]]:
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        return {name: np.array(variable[...]) for name, variable in file.variables.items()}


def needed(path: Path) -> int:
    with path.open("rb") as file:
        return needed_size(file)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("records", [0, 1, 2, 5])
def test_the_last_byte_that_is_needed_is_needed(
    kind: Kind, layout: str, records: int, tmp_path: Path
) -> None:
    path = make(tmp_path / "f.nc", kind, layout, records)
    whole, size = values(path), path.stat().st_size
    least = needed(path)
    assert size - 3 <= least <= size
    data = path.read_bytes()
    path.write_bytes(data[:least])
    for name, array in values(path).items():
        np.testing.assert_array_equal(array, whole[name])
    assert needed(path) == least
    held = any(array.size for array in whole.values())
    if held:
        path.write_bytes(data[: least - 1])
        short = values(path)
        assert any(not np.array_equal(short[name], whole[name]) for name in whole)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_anywhere_is_seen(kind: Kind, tmp_path: Path) -> None:
    data = make(tmp_path / "f.nc", kind, "fixed and records", 3).read_bytes()
    least = needed_size(io.BytesIO(data))
    for cut in range(4, least):
        try:
            enough = needed_size(io.BytesIO(data[:cut])) <= cut
        except ValueError:
            continue
        assert not enough, cut


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_header_is_an_error_in_words(kind: Kind, tmp_path: Path) -> None:
    data = make(tmp_path / "f.nc", kind, "fixed and records", 3).read_bytes()
    rng = np.random.default_rng(1)
    for position, value in product(range(4, 200), rng.integers(0, 256, 3)):
        damaged = bytearray(data)
        damaged[position] = value
        try:
            found = needed_size(io.BytesIO(damaged))
        except ValueError:
            continue
        assert found > 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_header_whose_records_were_never_counted_is_refused(kind: Kind, tmp_path: Path) -> None:
    data = bytearray(make(tmp_path / "f.nc", kind, "one record", 3).read_bytes())
    width = 8 if kind == "NETCDF3_64BIT_DATA" else 4
    data[4 : 4 + width] = b"\xff" * width
    with pytest.raises(ValueError, match="never written"):
        needed_size(io.BytesIO(data))
