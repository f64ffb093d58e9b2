"""From stored numbers to float32 with NaN for missing, and nothing else.

A float32 variable that is not packed keeps its bits: only the codes that its attributes declare
missing become NaN. Everything else (packed integers, float64) goes through xarray's own decoding,
so that the values are xarray's to the last bit.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from loader.errors import SourceError

__all__ = ["IMPLAUSIBLE", "as_float32", "decoded_variable", "missing_codes"]

IMPLAUSIBLE = np.float32(1e19)
"""No quantity of these files comes near it: a larger value is an undeclared fill value."""

_MISSING_ATTRIBUTES = ("_FillValue", "missing_value", "_fillvalue")
"""CF's two, and the spelling of LUH2's static file."""


def missing_codes(variable: xr.Variable, path: str, name: str) -> tuple[np.generic, ...]:
    """Return the values that the attributes of a variable declare missing, NaN left out.

    Parameters
    ----------
    variable : xarray.Variable
        As opened with `mask_and_scale=False`.
    path, name : str
        File and variable, for messages.

    Returns
    -------
    tuple of numpy scalars
        In the variable's own dtype; without repetition.

    Raises
    ------
    SourceError
        If an attribute is not a number.
    """
    codes: dict[bytes, np.generic] = {}
    for attribute in _MISSING_ATTRIBUTES:
        if attribute not in variable.attrs:
            continue
        declared = np.atleast_1d(np.asarray(variable.attrs[attribute]))
        if declared.dtype.kind not in "iuf":
            found = f"its attribute {attribute} is {variable.attrs[attribute]!r}, not a number"
            raise SourceError(path, f"{found}; set it to the type of the variable", name)
        with np.errstate(over="ignore", invalid="ignore"):
            cast = declared.astype(variable.dtype.newbyteorder("="))
        for code, value in zip(cast, declared, strict=True):
            # No value of an integer variable can be a code that its type cannot hold.
            unreachable = code != value if code.dtype.kind in "iu" else np.isnan(code)
            if not unreachable:
                codes[code.tobytes()] = code
    return tuple(codes.values())


def decoded_variable(
    variable: xr.Variable, path: str, name: str
) -> tuple[xr.Variable, tuple[np.generic, ...]]:
    """Return a variable ready to be read, and the codes that still stand for missing in it.

    Parameters
    ----------
    variable : xarray.Variable
        As opened with `mask_and_scale=False`, or already decoded by the caller's xarray.
    path, name : str
        File and variable, for messages.

    Returns
    -------
    tuple of (xarray.Variable, tuple of numpy scalars)
        Lazy; its values become float32 by a plain cast once the codes are masked.

    Raises
    ------
    SourceError
        If the variable holds no real numbers, or its packing attributes are not finite numbers.
    """
    if variable.dtype.kind not in "iuf":
        found = f"holds values of type {variable.dtype}; expected real numbers"
        raise SourceError(path, found, name)
    codes = missing_codes(variable, path, name)
    packing = {k: variable.attrs[k] for k in ("scale_factor", "add_offset") if k in variable.attrs}
    for attribute, value in packing.items():
        number = np.asarray(value)
        if number.dtype.kind not in "iuf" or number.size != 1 or not np.all(np.isfinite(number)):
            found = f"its attribute {attribute} is {value!r}; expected one finite number"
            raise SourceError(path, found, name)
    if variable.dtype.kind == "f" and variable.dtype.itemsize == 4 and not packing:
        return variable, codes
    return _decode_by_xarray(variable, codes, path, name), ()


def _decode_by_xarray(
    variable: xr.Variable, codes: tuple[np.generic, ...], path: str, name: str
) -> xr.Variable:
    attributes: dict[Any, Any] = {
        key: value
        for key, value in variable.attrs.items()
        if key in {"scale_factor", "add_offset", "_Unsigned"}
    }
    if codes:
        # xarray masks _FillValue and missing_value; a further code shares missing_value.
        attributes["_FillValue"] = codes[0]
        if len(codes) > 1:
            attributes["missing_value"] = np.array(codes[1:], dtype=variable.dtype)
    bare = variable.copy(deep=False)
    bare.attrs = attributes
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            decoded = xr.decode_cf(xr.Dataset({"v": bare}), decode_times=False, decode_coords=False)
    except (TypeError, ValueError) as error:
        raise SourceError(path, f"its attributes cannot be decoded ({error})", name) from error
    return decoded["v"].variable


def as_float32(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Cast decoded values to the float32 that is stored (a view where they are that already)."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values, dtype=np.float32)
