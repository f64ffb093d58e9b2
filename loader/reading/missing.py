"""Find which stored numbers mean missing: the codes and the range that attributes declare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from loader.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr

__all__ = ["MISSING_ATTRIBUTES", "missing_codes", "require_usable_code", "valid_limits"]

MISSING_ATTRIBUTES = ("_FillValue", "missing_value", "_fillvalue")
"""CF's two, and the spelling of LUH2's static file."""

_RANGES = ("valid_range", "valid_min", "valid_max")


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
        In the variable's own dtype; without repetition. A code that this dtype cannot hold is left
        out: no stored value equals it.

    Raises
    ------
    SourceError
        If an attribute is not a number.
    """
    codes: dict[bytes, np.generic] = {}
    for _, declared in _declared(variable, path, name):
        with np.errstate(over="ignore", invalid="ignore"):
            cast = declared.astype(variable.dtype.newbyteorder("="))
        for code, value in zip(cast, declared, strict=True):
            if _is_storable(variable, code, value):
                codes[code.tobytes()] = code
    return tuple(codes.values())


def require_usable_code(
    variable: xr.Variable, codes: tuple[np.generic, ...], path: str, name: str
) -> None:
    """Raise if a variable of integers declares missing values, none of which it can store.

    Parameters
    ----------
    variable : xarray.Variable
        As opened with `mask_and_scale=False`.
    codes : tuple of numpy scalars
        Its `missing_codes`.
    path, name : str
        File and variable, for messages.

    Raises
    ------
    SourceError
        If so: cells without data hold some other number, which would be loaded as a value.
    """
    if codes or variable.dtype.kind not in "iu":
        return
    for attribute, declared in _declared(variable, path, name):
        limits = np.iinfo(variable.dtype)
        raise SourceError(
            path,
            f"its attribute {attribute} is {_listed(declared)}, which {variable.dtype} cannot "
            f"store ({limits.min} to {limits.max}), so the cells without data cannot be "
            f"recognised; set {attribute} to the stored number that means missing, for example "
            f"ncatted -a {attribute},{name},o,{_nco_type(variable.dtype)},{limits.min} (delete "
            "it if no value is missing)",
            name,
        )


def valid_limits(variable: xr.Variable) -> tuple[float, float] | None:
    """Return the smallest and largest valid value, decoded, where no code says what is missing.

    Parameters
    ----------
    variable : xarray.Variable
        As opened with `mask_and_scale=False`.

    Returns
    -------
    tuple of (float, float), or None
        None if the variable declares no range, or declares a missing value, which then takes
        precedence.

    Notes
    -----
    Source: NetCDF User's Guide, appendix A: values outside of the valid range are missing to
    programs that follow it. A range of the stored type is packed as the values are.
    """
    attributes = variable.attrs
    if any(key in attributes for key in MISSING_ATTRIBUTES):
        return None
    bounds = [-np.inf, np.inf]
    for attribute in _RANGES:
        declared = np.atleast_1d(np.asarray(attributes.get(attribute, ())))
        if not declared.size or declared.dtype.kind not in "iuf":
            continue
        if declared.dtype.kind in "iu":
            declared = _as_stored(variable, declared)
            declared = declared * float(attributes.get("scale_factor", 1))
            declared = declared + float(attributes.get("add_offset", 0))
        if attribute != "valid_max":
            bounds[0] = float(declared.min())
        if attribute != "valid_min":
            bounds[1] = float(declared.max())
    if not np.isfinite(bounds).any():
        return None
    # Half a step of float32 beyond either end is rounding.
    slack = 1e-6 * max(abs(bound) for bound in bounds if np.isfinite(bound))
    return bounds[0] - slack, bounds[1] + slack


def _declared(
    variable: xr.Variable, path: str, name: str
) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Yield the attributes that declare missing values, and the values."""
    for attribute in MISSING_ATTRIBUTES:
        if attribute not in variable.attrs:
            continue
        declared = np.atleast_1d(np.asarray(variable.attrs[attribute]))
        if declared.dtype.kind not in "iuf":
            problem = f"its attribute {attribute} is {variable.attrs[attribute]!r}, not a number"
            raise SourceError(path, f"{problem}; set it to the type of the variable", name)
        if declared.size:
            yield attribute, declared.reshape(-1)


def _is_storable(variable: xr.Variable, code: np.generic, value: np.generic) -> bool:
    """Return whether a stored value can equal the declared one, cast to the stored type."""
    if code.dtype.kind == "f":
        # A number beyond the type becomes infinity, which is an error if it is stored.
        return bool(np.isfinite(code)) or (bool(np.isinf(code)) and bool(np.isinf(value)))
    if code == value:
        return True
    # Of unsigned bytes, netCDF-3 stores the signed twin, and either may be declared.
    twin = np.iinfo(f"{'u' if code.dtype.kind == 'i' else 'i'}{code.dtype.itemsize}")
    whole = bool(np.isfinite(value)) and float(value) == int(value)
    return "_Unsigned" in variable.attrs and whole and twin.min <= int(value) <= twin.max


def _as_stored(variable: xr.Variable, declared: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the ends of a range in the type that the values have once _Unsigned is obeyed."""
    kind = {"true": "u", "false": "i"}.get(str(variable.attrs.get("_Unsigned", "")).lower())
    if kind is None or variable.dtype.kind not in "iu":
        return declared
    return declared.astype(f"{kind}{variable.dtype.itemsize}")


def _listed(values: npt.NDArray[Any]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _nco_type(dtype: np.dtype[Any]) -> str:
    """Return the letter that ncatted has for a type."""
    letters = {"i1": "b", "u1": "ub", "i2": "s", "u2": "us", "i4": "l", "u4": "ul"}
    return letters.get(dtype.str[1:], "ll" if dtype.kind == "i" else "ull")
