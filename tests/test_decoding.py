"""Stored numbers become float32 as xarray decodes them; only declared codes are missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from loader.errors import SourceError
from loader.reading.decoding import as_float32, decoded_variable, missing_codes


def decode(values: npt.NDArray[Any], **attributes: Any) -> npt.NDArray[np.float32]:  # noqa: ANN401
    """Decode and mask, as a build does."""
    variable, codes = decoded_variable(xr.Variable(("x",), values, attributes), "f.nc", "v")
    found = np.array(as_float32(variable.to_numpy()))
    for code in codes:
        found[found == code] = np.nan
    return found


def by_xarray(values: npt.NDArray[Any], **attributes: Any) -> npt.NDArray[np.float32]:  # noqa: ANN401
    dataset = xr.Dataset({"v": ("x", values, attributes)})
    return np.asarray(xr.decode_cf(dataset).v.to_numpy(), dtype=np.float32)


FLOATS = hnp.arrays(
    np.float32, st.integers(1, 20), elements=st.floats(width=32, allow_infinity=False)
)


@given(FLOATS)
def test_plain_floats_keep_every_bit(values: npt.NDArray[np.float32]) -> None:
    found = decode(values)
    known = ~np.isnan(values)
    assert np.array_equal(found[known].view(np.uint32), values[known].view(np.uint32))
    assert np.isnan(found[~known]).all()


@given(FLOATS, st.sampled_from([1e20, -9999.0, 0.0, 9.969209968386869e36]))
def test_a_declared_code_is_missing_and_nothing_else(
    values: npt.NDArray[np.float32], code: float
) -> None:
    values = values.copy()
    values[0] = code
    for attribute in ("_FillValue", "missing_value", "_fillvalue"):
        for kind in (np.float32, np.float64):
            found = decode(values, **{attribute: kind(code)})
            expected = np.isnan(values) | (values == np.float32(code))
            np.testing.assert_array_equal(np.isnan(found), expected)


@given(
    values=hnp.arrays(np.int16, st.integers(1, 20)),
    scale=st.sampled_from([np.float32(1e-4), np.float64(1e-4), np.float32(0.1), None]),
    offset=st.sampled_from([np.float32(2.5), np.float64(-1.25), None]),
    fill=st.sampled_from([np.int16(-32768), np.int16(0), None]),
)
def test_packed_integers_are_decoded_as_by_xarray(
    values: npt.NDArray[np.int16],
    scale: np.floating[Any] | None,
    offset: np.floating[Any] | None,
    fill: np.int16 | None,
) -> None:
    given_attributes = {"scale_factor": scale, "add_offset": offset, "_FillValue": fill}
    attributes = {name: value for name, value in given_attributes.items() if value is not None}
    found, expected = decode(values, **attributes), by_xarray(values, **attributes)
    np.testing.assert_array_equal(found, expected)
    if fill is not None:
        np.testing.assert_array_equal(np.isnan(found), values == fill)


@pytest.mark.parametrize(
    "kind", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", ">f4"]
)
def test_numbers_of_every_type_round_to_the_nearest_float32(kind: str) -> None:
    values = np.array([0, 1, 100, 127], dtype=kind)
    np.testing.assert_array_equal(decode(values), np.array([0, 1, 100, 127], dtype=np.float32))
    if np.dtype(kind).itemsize == 8 and np.dtype(kind).kind == "i":
        assert decode(np.array([2**24 + 1], kind))[0] == np.float32(2**24 + 1)


def test_doubles_beyond_float32_become_infinite_so_that_they_are_refused() -> None:
    assert np.isinf(decode(np.array([1e300]))[0])


def test_all_codes_of_all_attributes_count_once() -> None:
    variable = xr.Variable(
        ("x",),
        np.zeros(1, np.float32),
        {
            "_FillValue": np.float32(1e20),
            "missing_value": np.array([1e20, -9999.0]),
            "_fillvalue": np.float32(np.nan),
        },
    )
    codes = missing_codes(variable, "f.nc", "v")
    assert sorted(map(float, codes)) == [-9999.0, float(np.float32(1e20))]
    assert {code.dtype for code in codes} == {np.dtype(np.float32)}


def test_several_codes_of_packed_integers_are_all_missing() -> None:
    values = np.array([-1, -2, -3, 5], dtype=np.int16)
    found = decode(
        values,
        _FillValue=np.int16(-1),
        missing_value=np.array([-2, -3], dtype=np.int16),
        scale_factor=np.float32(0.5),
    )
    np.testing.assert_array_equal(found, [np.nan, np.nan, np.nan, np.float32(2.5)])


def test_unsigned_bytes_of_netcdf_3_are_unsigned() -> None:
    values = np.array([-1, 1], dtype=np.int8)
    np.testing.assert_array_equal(decode(values, _Unsigned="true", scale_factor=1.0), [255, 1])


def test_a_code_that_no_value_of_the_type_can_be_masks_nothing() -> None:
    values = np.array([0, 1, -1, 32767, -32768], dtype=np.int16)
    found = decode(values, missing_value=np.float64(1e20))
    np.testing.assert_array_equal(found, values.astype(np.float32))
    found = decode(values, missing_value=np.float64(np.nan))
    np.testing.assert_array_equal(found, values.astype(np.float32))
    found = decode(values, _FillValue=np.int32(65536))
    np.testing.assert_array_equal(found, values.astype(np.float32))


@pytest.mark.parametrize(
    ("values", "attributes"),
    [
        (np.array(["a"]), {}),
        (np.array([True]), {}),
        (np.array([1j]), {}),
        (np.array([1.0]), {"_FillValue": "1e20"}),
        (np.array([1.0]), {"missing_value": "NaN"}),
        (np.array([1]), {"scale_factor": "0.1"}),
        (np.array([1]), {"scale_factor": np.nan}),
        (np.array([1]), {"add_offset": np.inf}),
        (np.array([1]), {"add_offset": np.array([1.0, 2.0])}),
    ],
)
def test_what_cannot_be_decoded_is_refused(
    values: npt.NDArray[Any], attributes: dict[str, Any]
) -> None:
    with pytest.raises(SourceError, match=r"^f\.nc: v: "):
        decode(values, **attributes)


def test_the_variable_of_the_caller_stays_as_it_is() -> None:
    variable = xr.Variable(("x",), np.array([1, 2], np.int16), {"scale_factor": 0.5, "note": "x"})
    before = variable.copy(deep=True)
    decoded_variable(variable, "f.nc", "v")
    xr.testing.assert_identical(variable, before)
