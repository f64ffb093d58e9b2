"""Spans of years, as users give them on the command line and in Python."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import SupportsIndex

from loader.errors import UsageError

__all__ = ["Span", "Years", "parse_years", "take_years", "years_text"]

Span = tuple[int | None, int | None]
"""First and last year, both included; None is open."""

Years = SupportsIndex | str | range | slice | Iterable[int | None]
"""One year, "FIRST:LAST", a range, a slice, or first and last year."""

_LIMITS = (-32768, 32767)
"""Those of the column `year`, a SMALLINT."""


def parse_years(text: str) -> Span:
    """Parse FIRST:LAST; either may be omitted, and a single year means only that year.

    Examples
    --------
    >>> parse_years("1990:2021")
    (1990, 2021)
    >>> parse_years(":2021")
    (None, 2021)

    Raises
    ------
    UsageError
        If the text is not valid.
    """
    match = re.fullmatch(r"\s*(?:(-?\d{1,5})?\s*:\s*(-?\d{1,5})?|(-?\d{1,5}))\s*", text)
    if not match:
        raise UsageError(f"--years is {text!r}; expected FIRST:LAST, such as 1990:2021 or 1990:")
    first, last, only = (int(part) if part is not None else None for part in match.groups())
    if only is not None:
        first = last = only
    return _checked((first, last))


def take_years(years: Years) -> Span:
    """Return first and last year of anything that Python users write for a span of years.

    A range ends before its end, as in Python; a slice includes it, as in xarray.

    Examples
    --------
    >>> take_years(2020)
    (2020, 2020)
    >>> take_years(range(1990, 2000))
    (1990, 1999)
    >>> take_years(slice(1990, None))
    (1990, None)
    >>> take_years((None, 2021))
    (None, 2021)

    Raises
    ------
    UsageError
        If they are not one year, or the first and last year of a span without gaps.
    """
    if isinstance(years, str):
        return parse_years(years)
    if isinstance(years, slice | range):
        if years.step not in (None, 1):
            raise UsageError(f"years is {years!r}; expected a step of 1")
        if isinstance(years, range) and not years:
            raise UsageError(f"years is {years!r}, which is empty")
        span = (years.start, years.stop - 1 if isinstance(years, range) else years.stop)
        return _checked(_as_integers(span, years))
    if not isinstance(years, bool):
        with suppress(TypeError):
            # NumPy's integers are not ints.
            year = operator.index(years)  # type: ignore[arg-type]  # that is the question
            return _checked((year, year))
    return _checked(_as_integers(years, years))


def _as_integers(span: object, years: object) -> Span:
    """Return a pair of integers or None; NumPy's integers are integers too, but not to JSON."""
    try:
        first, last = (None if y is None else operator.index(y) for y in span)  # type: ignore[attr-defined]  # as above
    except (TypeError, ValueError) as error:
        expected = "expected a year, FIRST:LAST, or a pair of first and last year"
        raise UsageError(f"years is {years!r:.60}; {expected}") from error
    return first, last


def _checked(span: Span) -> Span:
    low, high = _LIMITS
    first, last = span
    for year in span:
        if year is not None and not low <= year <= high:
            raise UsageError(f"--years is {years_text(span)!r}; {year} is out of range")
    if first is not None and last is not None and first > last:
        raise UsageError(f"--years is {years_text(span)!r}; the first year is after the last")
    return span


def years_text(years: Iterable[int | None]) -> str:
    """Format first and last year as `parse_years` reads them.

    Examples
    --------
    >>> years_text((1990, None))
    '1990:'
    """
    return ":".join("" if year is None else str(year) for year in years)
