"""Numbers for people: no digit that is wrong, no year with a separator."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DIGITS_OF_DOUBLE", "DIGITS_OF_REAL", "GROUPED_FROM", "grouped_from", "number_text"]

DIGITS_OF_REAL = 7
"""Significant digits of a printed REAL."""

DIGITS_OF_DOUBLE = 10
"""Significant digits of a printed DOUBLE."""

GROUPED_FROM = 100_000
"""Numbers below this have no separators, so that no year ever has one, nor a decade, a mean or a
sum of years, whatever their column is called and whatever its type."""

_GROUPED_BESIDE = 10_000
"""The same in a column that has a larger number, and so is not one of years: 97,199 above 246,757.
Four digits are read without."""

_IDENTIFIER = re.compile(r"(^|_)(id|code)$", re.IGNORECASE)

_SMALLEST_FIXED = 1e-5
_LARGEST_FIXED = 1e15


def grouped_from(name: str, values: Iterable[object]) -> float:
    """Return from which number on the numbers of a column have separators.

    Parameters
    ----------
    name : str
        Of the column; numbers that identify something have no separators.
    values : iterable of object
        Values of the column; those that are not numbers are ignored.

    Examples
    --------
    >>> grouped_from("cells", [246_757, 97_199]), grouped_from("year", [2021])
    (10000, 100000)
    >>> grouped_from("cell_id", [221_039])
    inf
    """
    if _IDENTIFIER.search(name):
        return math.inf
    numbers = (abs(float(one)) for one in values if isinstance(one, int | float | Decimal))
    is_large = any(GROUPED_FROM <= one < math.inf for one in numbers)
    return _GROUPED_BESIDE if is_large else GROUPED_FROM


def number_text(
    value: float | Decimal,
    digits: int = DIGITS_OF_DOUBLE,
    decimals: int = 0,
    separated_from: float = GROUPED_FROM,
) -> str:
    """Return a number as a person reads it.

    Parameters
    ----------
    value : int, float or Decimal
        Whole numbers and decimals are written exactly.
    digits : int
        Significant digits of a float: `DIGITS_OF_REAL` or `DIGITS_OF_DOUBLE`. The digits before
        the point are never rounded.
    decimals : int
        Zeros are kept up to so many decimals, as far as the significant digits reach.
    separated_from : float
        Thousands are separated by commas in numbers of this size and larger.

    Returns
    -------
    str
        Differs from `value` by less than one unit of its last digit. Floats below 1e-5 or from
        1e15 on have an exponent.

    Examples
    --------
    >>> number_text(2021), number_text(2021.5), number_text(1234567), number_text(-1.25e-9)
    ('2021', '2021.5', '1,234,567', '-1.25e-09')
    >>> number_text(0.1 + 0.2), number_text(123456789.123456)
    ('0.3', '123,456,789.1')
    >>> number_text(0.5, decimals=3)
    '0.500'
    """
    is_grouped = value >= separated_from or value <= -separated_from
    group = "," if is_grouped else ""
    if isinstance(value, int):
        return format(value, group)
    if isinstance(value, Decimal):
        return format(value, f"{group}f")
    if value == 0:
        return f"{0:.{decimals}f}"
    if not math.isfinite(value):
        return str(value)
    if not _SMALLEST_FIXED <= abs(float(value)) < _LARGEST_FIXED:
        return format(value, f".{digits}g")
    # The exponent after rounding to `digits`: 9.9999 rounds up to 10.
    exponent = int(format(value, f".{digits - 1}e").partition("e")[2])
    places = max(digits - 1 - exponent, 0)
    text = format(value, f"{group}.{places}f")
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0").ljust(min(decimals, places), "0")
    return f"{whole}.{fraction}" if fraction else whole
