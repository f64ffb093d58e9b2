"""Numbers that the netCDF library does not know load, or are an error, and crash nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from memory import LAT, LON, YEARS

from loader.errors import SourceError
from loader.reading.probe import Probe
from loader.reading.recognition import open_source
from loader.reading.source import Slab
from loader.schema import SOURCES

SHAPE = (len(YEARS), LAT.size, LON.size)
VALUES = np.arange(np.prod(SHAPE)).reshape(SHAPE)


def short_float() -> Any:  # noqa: ANN401  # h5py's own
    """Return bfloat16: a sign, 8 bits of exponent, 7 of mantissa."""
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_fields(15, 7, 8, 0, 7)
    kind.set_size(2)
    return kind


def narrow_integer() -> Any:  # noqa: ANN401  # as above
    kind = h5py.h5t.STD_I32LE.copy()
    kind.set_precision(24)
    return kind


def write(path: Path, kind: Any, axis: str = "f8", **attributes: Any) -> str:  # noqa: ANN401
    """Write ELUC in a type of NumPy or of HDF5."""
    with h5py.File(path, "w") as file:
        for name, values in (("time", YEARS), ("lat", LAT), ("lon", LON)):
            file.create_dataset(name, data=np.array(values, "i4" if name == "time" else axis))
            file[name].make_scale(name)
        file["lat"].attrs["units"], file["lon"].attrs["units"] = "degrees_north", "degrees_east"
        if callable(kind):
            space = h5py.h5s.create_simple(SHAPE)
            variable = h5py.Dataset(h5py.h5d.create(file.id, b"ELUC", kind(), space))
        else:
            variable = file.create_dataset("ELUC", SHAPE, kind)
        if variable.id.get_type().get_class() in {h5py.h5t.INTEGER, h5py.h5t.FLOAT}:
            variable[...] = VALUES
        variable.attrs.update(attributes)
        for position, name in enumerate(("time", "lat", "lon")):
            variable.dims[position].attach_scale(file[name])
    return str(path)


def read(path: str) -> np.ndarray:
    source = open_source(SOURCES["eluc"], path)
    try:
        return source.read(source.variables[0], Slab(0, len(YEARS), 0, LAT.size))
    finally:
        source.close()


NUMBERS = {
    **{name: np.dtype(name) for name in ("f2", ">f2", "f4", ">f4", "f8", ">f8", "i8", ">i2", "u1")},
    "long double": np.dtype("longdouble"),
    "bfloat16": short_float,
    "24 of 32 bits": narrow_integer,
}
OTHERS = {
    "complex": np.dtype("c8"),
    "compound": np.dtype([("a", "f4")]),
    "compound of half": np.dtype([("a", "f2")]),
    "list of numbers": h5py.vlen_dtype(np.dtype("f4")),
    "list of half": h5py.vlen_dtype(np.dtype("f2")),
    "text": h5py.string_dtype(),
    "fixed text": np.dtype("S4"),
    "opaque": np.dtype("V4"),
    "reference": h5py.ref_dtype,
    "array": np.dtype(("f4", (2,))),
    "bits": lambda: h5py.h5t.STD_B8LE,
}


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files of all types, and one with axes of half numbers, each tried in another process."""
    folder = tmp_path_factory.mktemp("types")
    kinds = NUMBERS | OTHERS
    files = {name: write(folder / f"{k}.nc", kinds[name]) for k, name in enumerate(kinds)}
    files["axes"] = write(folder / "axes.nc", np.dtype("f2"), axis="f2")
    with Probe(list(files.values()), 2**30) as probe:
        probe.wait()
    return files


@pytest.mark.parametrize("name", [*NUMBERS, "axes"])
def test_numbers_of_every_type_load(name: str, tried: dict[str, str]) -> None:
    np.testing.assert_array_equal(read(tried[name]), VALUES.astype("f4"))


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_number_is_an_error(name: str, tried: dict[str, str]) -> None:
    with pytest.raises(SourceError, match=r"expected real numbers|has no variable ELUC"):
        read(tried[name])


@pytest.mark.parametrize("name", ["f2", "long double", "list of numbers"])
def test_what_nobody_needs_does_no_harm(name: str, tried: dict[str, str], tmp_path: Path) -> None:
    path = write(tmp_path / "both.nc", np.dtype("f4"))
    with h5py.File(path, "a") as file:
        other = file.create_dataset("other", SHAPE, (NUMBERS | OTHERS)[name])
        for position, axis in enumerate(("time", "lat", "lon")):
            other.dims[position].attach_scale(file[axis])
    np.testing.assert_array_equal(read(path), VALUES.astype("f4"))


@pytest.mark.parametrize("kind", [np.float16, np.longdouble])
def test_packing_attributes_of_unusual_types_count(kind: Any, tmp_path: Path) -> None:  # noqa: ANN401
    path = write(
        tmp_path / "f.nc",
        np.dtype("i2"),
        scale_factor=kind(0.5),
        add_offset=kind(2),
        _FillValue=kind(3),
    )
    expected = VALUES * 0.5 + 2
    expected[VALUES == 3] = np.nan
    np.testing.assert_array_equal(read(path), expected.astype("f4"))


def test_rows_in_either_direction_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "f.nc", np.dtype("f2"))
    with h5py.File(path, "a") as file:
        file["lat"][...] = LAT[::-1]
    np.testing.assert_array_equal(read(path), VALUES[:, ::-1].astype("f4"))
