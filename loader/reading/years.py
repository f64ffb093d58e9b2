"""Decode the calendar years of a time axis.

No version of xarray decodes LUH2's "years since 850-01-01", and a noleap axis that is read in
another calendar gives wrong years without an error; so every source is opened undecoded.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

import cftime
import numpy as np
import numpy.typing as npt

from loader.errors import TimeAxisError

__all__ = ["calendar_years", "missing_years"]

Years = npt.NDArray[np.int16]

_TOLERANCE = 1e-3
"""A year this close to an integer is rounding noise; otherwise it is a date within a year."""

_BARE_YEARS = (100, 9999)
"""Range of plausible bare years: a smaller number is an index (0, 1, 2, ...), not a year."""

_SINCE = re.compile(
    r"^\s*(?P<unit>years?|yr|common_years?|calendar_years?)\s+since\s+"
    r"(?P<year>[-+]?\d{1,5})(?:-(?P<month>\d{1,2}))?(?:-(?P<day>\d{1,2}))?(?:[T\s].*)?$",
    re.IGNORECASE,
)
_ABSOLUTE = re.compile(r"^\s*(day|year)\s+as\s+(%Y%m%d\.%f|%Y\.%f)\s*$", re.IGNORECASE)


def calendar_years(
    values: npt.NDArray[Any],
    units: object,
    calendar: object,
    path: str,
    name: str = "time",
) -> Years:
    """Return the calendar year of every step of a time axis.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Numbers, `datetime64` or `cftime` dates, in the file's order.
    units, calendar : object
        The attributes of the axis; None where it has none. Understood: "years since Y-M-D",
        any CF "days|hours|... since" in any CF calendar, "day as %Y%m%d.%f", and bare years.
    path, name : str
        The file and the axis, for messages.

    Returns
    -------
    ndarray of int16, shape (n,)
        In the file's order; unique.

    Raises
    ------
    TimeAxisError
        If the axis is empty, holds NaN, cannot be decoded or names a year twice.

    Notes
    -----
    Source: CF conventions 1.11, section 4.4; LUH2's "years since 850-01-01 0:0:0" has integer
    steps, one a calendar year.
    """
    if values.ndim != 1 or values.size == 0:
        raise TimeAxisError(path, f"has shape {values.shape}; expected at least one year", name)
    if values.dtype.kind == "M":
        years = _from_datetime64(values, path, name)
    elif values.dtype.kind == "O":
        years = _from_dates(values, path, name)
    elif values.dtype.kind in "iuf":
        years = _from_numbers(values.astype(np.float64), units, calendar, path, name)
    else:
        raise TimeAxisError(path, f"has type {values.dtype}; expected numbers or dates", name)
    return _checked(years, path, name)


def missing_years(years: Years, path: str) -> tuple[str, ...]:
    """Return a notice on gaps between the ascending years of a source, or none."""
    steps = np.flatnonzero(np.diff(years.astype(np.int64)) > 1)
    if not steps.size:
        return ()
    gaps = [f"{years[k]} to {years[k + 1]}" for k in steps[:5]]
    more = f" and {steps.size - 5} more" if steps.size > 5 else ""
    return (f"{path}: years are missing between {', '.join(gaps)}{more}",)


def _checked(years: npt.NDArray[np.float64], path: str, name: str) -> Years:
    outside = np.flatnonzero((years < -32768) | (years > 32767))
    if outside.size:
        problem = f"step {outside[0]} is the year {years[outside[0]]:.0f}; expected -32768 to 32767"
        raise TimeAxisError(path, problem, name)
    unique, counts = np.unique(years, return_counts=True)
    if unique.size == 1 < years.size and unique[0] == 0:
        raise _lost_years(path, name)
    if unique.size != years.size:
        twice = ", ".join(f"{year:.0f}" for year in unique[counts > 1][:5])
        raise TimeAxisError(
            path,
            f"has a year more than once ({twice}); expected one step per year "
            "(average or select the steps of each year first)",
            name,
        )
    return years.astype(np.int16)


def _lost_years(path: str, name: str) -> TimeAxisError:
    """Return the error for steps that are all 0: CDO writes that for years without units."""
    return TimeAxisError(
        path,
        "is 0 at every step: its years were lost, as CDO does with the bare years of BLUE's file; "
        "set them before other operators, for example cdo settaxis,1850-01-01,00:00:00,1year",
        name,
    )


def _from_datetime64(values: npt.NDArray[Any], path: str, name: str) -> npt.NDArray[np.float64]:
    missing = np.flatnonzero(np.isnat(values))
    if missing.size:
        raise TimeAxisError(path, f"step {missing[0]} is missing (NaT)", name)
    return values.astype("datetime64[Y]").astype(np.int64).astype(np.float64) + 1970.0


def _from_dates(values: npt.NDArray[Any], path: str, name: str) -> npt.NDArray[np.float64]:
    try:
        return np.array([date.year for date in values], dtype=np.float64)
    except AttributeError as error:
        raise TimeAxisError(path, f"holds values that are not dates ({error})", name) from error


def _from_numbers(
    values: npt.NDArray[np.float64], units: object, calendar: object, path: str, name: str
) -> npt.NDArray[np.float64]:
    # 1. Every step must be a number that can be a time.
    bad = np.flatnonzero(~np.isfinite(values) | (np.abs(values) > 1e12))
    if bad.size:
        step = int(bad[0])
        if np.isnan(values[step]):
            problem = f"step {step} is missing (NaN or its own fill value)"
            raise TimeAxisError(path, f"{problem}; expected a time at every step", name)
        raise TimeAxisError(path, f"step {step} is {values[step]:g}, not a time", name)
    # 2. The units decide how to read it: bare years, years or days since, or dates such as
    # 19900101.
    if units is None or (isinstance(units, str) and units.strip().lower() in _NO_UNITS):
        return _bare_years(values, path, name)
    if not isinstance(units, str):
        raise TimeAxisError(path, f"units is {units!r}, not a string", name)
    if match := _SINCE.match(units):
        return _years_since(values, match, path, name)
    if match := _ABSOLUTE.match(units):
        if not np.any(values):
            raise _lost_years(path, name)
        return np.floor(values / (1e4 if match.group(1).lower() == "day" else 1.0))
    return _decoded(values, units, calendar, path, name)


_NO_UNITS = {"", "1", "year", "years", "yr", "a", "calendar year", "calendar_year"}


def _bare_years(values: npt.NDArray[np.float64], path: str, name: str) -> npt.NDArray[np.float64]:
    years = np.rint(values)
    off = np.abs(values - years)
    worst = int(np.argmax(off))
    if off[worst] > _TOLERANCE:
        problem = f"step {worst} is {values[worst]:g} without units; expected an integer year"
        raise TimeAxisError(path, problem, name)
    low, high = _BARE_YEARS
    if years.min() < low or years.max() > high:
        raise TimeAxisError(
            path,
            f"runs from {years.min():g} to {years.max():g} without units: an index, not years; "
            'expected calendar years, or an attribute units such as "years since 850-01-01"',
            name,
        )
    return years


def _years_since(
    values: npt.NDArray[np.float64], match: re.Match[str], path: str, name: str
) -> npt.NDArray[np.float64]:
    reference = int(match["year"])
    month, day = int(match["month"] or 1), int(match["day"] or 1)
    if reference == 0 or not 1 <= month <= 12 or not 1 <= day <= 31:
        problem = f'has units "{match.string}": {match["year"]}-{month}-{day} is not a date'
        raise TimeAxisError(path, problem, name)
    fraction = (month - 1) / 12 + (day - 1) / 365
    return np.floor(reference + fraction + values + _TOLERANCE)


def _decoded(
    values: npt.NDArray[np.float64], units: str, calendar: object, path: str, name: str
) -> npt.NDArray[np.float64]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            dates = cftime.num2date(
                values,
                units,
                calendar=str(calendar or "standard").lower(),
                only_use_cftime_datetimes=True,
            )
    except (ValueError, OverflowError, TypeError, Warning) as error:
        expected = 'expected CF units such as "days since 1850-01-01" and a CF calendar'
        problem = f'has units "{units}" and calendar "{calendar}" ({error}); {expected}'
        raise TimeAxisError(path, problem, name) from error
    return np.array([date.year for date in np.atleast_1d(dates)], dtype=np.float64)
