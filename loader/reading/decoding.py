"""Decode stored numbers to float32, with NaN for missing values.

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
from loader.reading.missing import MISSING_ATTRIBUTES, missing_codes, require_usable_code

__all__ = ["IMPLAUSIBLE", "as_float32", "decoded_axis", "decoded_variable"]

IMPLAUSIBLE = np.float32(1e19)
"""No quantity in these files is this large: a larger value is an undeclared fill value."""


def decoded_variable(
    variable: xr.Variable, path: str, name: str
) -> tuple[xr.Variable, tuple[np.generic, ...]]:
    """Return a variable ready to be read, and the codes that still mean missing in it.

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
        problem = f"holds values of type {variable.dtype}; expected real numbers"
        raise SourceError(path, problem, name)
    codes = missing_codes(variable, path, name)
    require_usable_code(variable, codes, path, name)
    packing = _packing(variable, path, name)
    if variable.dtype.kind == "f" and variable.dtype.itemsize == 4 and not packing:
        return variable, codes
    return _decode_by_xarray(variable, codes, packing, path, name), ()


def decoded_axis(variable: xr.Variable, path: str, name: str) -> xr.Variable:
    """Return a coordinate variable as xarray decodes it, its times left as numbers.

    Parameters
    ----------
    variable : xarray.Variable
        As opened with `mask_and_scale=False`, or already decoded by the caller's xarray.
    path, name : str
        File and variable, for messages.

    Returns
    -------
    xarray.Variable
        Lazy; a step that equals one of the declared codes is NaN. Dates stay as they are.

    Raises
    ------
    SourceError
        If its attributes cannot be decoded.
    """
    if variable.dtype.kind not in "iuf":
        return variable
    codes = missing_codes(variable, path, name)
    packing = _packing(variable, path, name)
    if not codes and not packing and "_Unsigned" not in variable.attrs:
        return variable
    return _decode_by_xarray(variable.to_base_variable(), codes, packing, path, name)


def _packing(variable: xr.Variable, path: str, name: str) -> dict[str, Any]:
    """Return scale_factor and add_offset as xarray computes with them."""
    packing = {k: variable.attrs[k] for k in ("scale_factor", "add_offset") if k in variable.attrs}
    for attribute, value in packing.items():
        number = np.asarray(value)
        if number.dtype.kind not in "iuf" or number.size != 1 or not np.all(np.isfinite(number)):
            problem = f"its attribute {attribute} is {value!r}; expected one finite number"
            raise SourceError(path, problem, name)
        # xarray computes in the type of the factor, in which an integer would overflow.
        packing[attribute] = float(number.item()) if number.dtype.kind in "iu" else value
    return packing


def _decode_by_xarray(
    variable: xr.Variable,
    codes: tuple[np.generic, ...],
    packing: dict[str, Any],
    path: str,
    name: str,
) -> xr.Variable:
    attributes = dict(packing)
    if "_Unsigned" in variable.attrs:
        attributes["_Unsigned"] = variable.attrs["_Unsigned"]
    if codes:
        # xarray masks _FillValue and missing_value; a further code shares missing_value.
        attributes["_FillValue"] = codes[0]
        if len(codes) > 1:
            attributes["missing_value"] = _as_decoded(variable, codes[1:])
    elif variable.dtype.kind == "f" and any(key in variable.attrs for key in MISSING_ATTRIBUTES):
        # NaN masks nothing, but decides in which type xarray computes.
        attributes["_FillValue"] = variable.dtype.type(np.nan)
    bare = variable.copy(deep=False)
    bare.attrs = attributes
    # The caller decoded this dataset: xarray does not accept an attribute in both places.
    bare.encoding = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            decoded = xr.decode_cf(xr.Dataset({"v": bare}), decode_times=False, decode_coords=False)
    except (TypeError, ValueError) as error:
        raise SourceError(path, f"its attributes cannot be decoded ({error})", name) from error
    return decoded["v"].variable


def _as_decoded(variable: xr.Variable, codes: tuple[np.generic, ...]) -> npt.NDArray[Any]:
    """Return further codes as xarray compares them: with values whose sign _Unsigned changed."""
    stored = np.array(codes, dtype=variable.dtype.newbyteorder("="))
    kind = {"true": "u", "false": "i"}.get(str(variable.attrs.get("_Unsigned", "")))
    if kind is None or stored.dtype.kind not in "iu":
        return stored
    return stored.view(f"{kind}{stored.dtype.itemsize}")


def as_float32(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Cast decoded values to the float32 that is stored (a view where they are that already)."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values, dtype=np.float32)
