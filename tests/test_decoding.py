"""Stored numbers become float32 as xarray decodes them; only declared codes are missing."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from loader.errors import SourceError
from loader.reading.decoding import as_float32, decoded_axis, decoded_variable
from loader.reading.missing import missing_codes, valid_limits


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


STORED = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", ">i2", ">f8")
FACTORS = (None, np.float32(1e-4), np.float64(1e-4), np.float32(0.1), np.int16(3))
OFFSETS = (None, np.float32(2.5), np.float64(-1.25), np.float32(0.1), np.int32(7))


@settings(max_examples=400)
@given(
    data=st.data(),
    kind=st.sampled_from(STORED),
    scale=st.sampled_from(FACTORS),
    offset=st.sampled_from(OFFSETS),
    unsigned=st.sampled_from([None, "true", "false"]),
    fill=st.sampled_from(["none", "_FillValue", "missing_value", "both", "NaN"]),
)
def test_every_packing_is_decoded_as_by_xarray_to_the_bit(
    data: st.DataObject,
    kind: str,
    scale: np.generic | None,
    offset: np.generic | None,
    unsigned: str | None,
    fill: str,
) -> None:
    dtype = np.dtype(kind)
    elements = (
        st.floats(-1e6, 1e6, width=8 * dtype.itemsize) if dtype.kind == "f" else None  # type: ignore[arg-type]
    )
    values = data.draw(hnp.arrays(dtype, st.integers(1, 8), elements=elements))
    code = values[0].astype(dtype.newbyteorder("="))
    attributes: dict[str, Any] = {"scale_factor": scale, "add_offset": offset}
    if dtype.kind != "f":
        attributes["_Unsigned"] = unsigned
    if fill in {"_FillValue", "both"}:
        attributes["_FillValue"] = code
    # Of unsigned data xarray compares missing_value with the wrong sign.
    if fill in {"missing_value", "both"} and attributes.get("_Unsigned") is None:
        attributes["missing_value"] = code
    if fill == "NaN" and dtype.kind == "f":
        attributes["_FillValue"] = dtype.newbyteorder("=").type(np.nan)
    attributes = {name: value for name, value in attributes.items() if value is not None}
    expected_attributes = {
        name: float(value)
        if name in {"scale_factor", "add_offset"} and isinstance(value, np.integer)
        else value
        for name, value in attributes.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = by_xarray(values, **expected_attributes)
    found = decode(values, **attributes)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    known = ~np.isnan(found)
    assert np.array_equal(found[known].view(np.uint32), expected[known].view(np.uint32))
    # The same numbers as an axis, in the type in which xarray gives them.
    axis = decoded_axis(xr.Variable(("x",), values, attributes), "f.nc", "v").to_numpy()
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(axis.astype(np.float32), expected)


def test_packed_doubles_with_a_float_factor_and_a_nan_fill_keep_their_precision() -> None:
    values = np.array([1 / 3, 2 / 3, 12345.678])
    attributes = {"scale_factor": np.float32(0.1), "_FillValue": np.float64(np.nan)}
    np.testing.assert_array_equal(decode(values, **attributes), by_xarray(values, **attributes))


@pytest.mark.parametrize("attribute", ["_FillValue", "missing_value", "_fillvalue"])
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("i2", np.float32(1e20)),
        ("i2", np.float64(np.nan)),
        ("i2", np.int32(65536)),
        ("i2", np.float32(0.5)),
        ("i2", np.array([1e20, -1e30])),
        ("u1", np.int16(-9999)),
        ("u1", np.int16(-1)),
        ("i1", np.int16(255)),
        ("i4", np.float32(1e20)),
        ("i8", np.float32(-1e34)),
    ],
)
def test_integers_whose_codes_no_stored_number_can_equal_are_rejected(
    kind: str,
    code: Any,  # noqa: ANN401
    attribute: str,
) -> None:
    for packing in ({}, {"scale_factor": np.float32(1e-4), "add_offset": np.float32(0.5)}):
        with pytest.raises(SourceError, match=rf"v: its attribute {attribute} is .*cannot store"):
            decode(np.array([0, 1], kind), **{attribute: code}, **packing)


@pytest.mark.parametrize(
    "attributes",
    [
        {"_FillValue": np.int16(-1), "missing_value": np.float32(1e20)},
        {"missing_value": np.array([1e20, -1.0])},
        {"missing_value": np.float32(-1)},
        {"_FillValue": np.int64(-1), "_fillvalue": np.float32(np.nan)},
    ],
)
def test_one_code_that_can_be_stored_is_enough(attributes: dict[str, Any]) -> None:
    found = decode(np.array([-1, 3], np.int16), scale_factor=np.float32(0.5), **attributes)
    np.testing.assert_array_equal(found, [np.nan, 1.5])


@pytest.mark.parametrize("code", [np.int16(255), np.int8(-1), np.uint8(255)])
@pytest.mark.parametrize("attribute", ["_FillValue", "missing_value"])
def test_the_code_of_unsigned_bytes_may_have_either_sign(
    attribute: str,
    code: Any,  # noqa: ANN401
) -> None:
    found = decode(np.array([-1, 1], np.int8), _Unsigned="true", **{attribute: code})
    np.testing.assert_array_equal(found, [np.nan, 1.0])


def test_a_finite_code_beyond_float32_does_not_make_infinity_missing() -> None:
    assert np.isinf(decode(np.array([np.inf], np.float32), missing_value=np.float64(1e300)))[0]
    assert np.isnan(decode(np.array([np.inf], np.float32), missing_value=np.float64(np.inf)))[0]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"valid_min": np.int16(0), "scale_factor": 0.5}, (0, np.inf)),
        ({"valid_range": np.array([0, 100], np.int16), "scale_factor": 0.5}, (0, 50)),
        ({"valid_range": np.array([0.0, 1.0]), "scale_factor": 0.01}, (0, 1)),
        ({"valid_max": np.int16(10), "add_offset": 1.0}, (-np.inf, 11)),
        ({"valid_range": np.array([0, -1], np.int16), "_Unsigned": "true"}, (0, 65535)),
    ],
)
def test_the_valid_range_counts_where_no_code_is_declared(
    attributes: dict[str, Any], expected: tuple[float, float]
) -> None:
    values = np.array([0], np.int16)
    limits = valid_limits(xr.Variable(("x",), values, attributes))
    assert limits is not None
    np.testing.assert_allclose(limits, expected, rtol=1e-5, atol=0.1)
    for code in ("_FillValue", "missing_value"):
        both = attributes | {code: np.int16(-1)}
        assert valid_limits(xr.Variable(("x",), values, both)) is None
    assert valid_limits(xr.Variable(("x",), np.array([0]), {"valid_min": "none"})) is None


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
