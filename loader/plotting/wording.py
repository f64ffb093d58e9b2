"""The words of a picture: quantities, units and moments, from the data dictionary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loader.schema import SOURCES, USES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loader.plotting.sense import Sense

__all__ = [
    "SNAPSHOTS",
    "SYNTHETIC",
    "UNKNOWN",
    "moment",
    "quantity_of",
    "sign_in_words",
    "typeset",
    "unit_of",
]

SYNTHETIC = "SYNTHETIC DATA: nothing here says anything about the Earth"
"""What stands in every picture of made-up sources."""

UNKNOWN = "unit not known"
"""The unit of an expression that is more than a sum of columns of one unit."""

SNAPSHOTS: frozenset[str] = frozenset(USES) | {v.column for v in SOURCES["states"].variables}
"""Columns that hold on 1 January."""

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NAMES = {"degrees_north": "° N", "degrees_east": "° E"}


def typeset(unit: str) -> str:
    """Write a unit with raised exponents.

    Examples
    --------
    >>> typeset("t C ha-1 yr-1")
    't C ha⁻¹ yr⁻¹'
    """
    raised = re.sub(r"(?<=[A-Za-z])-\d+", lambda m: m[0].translate(_SUPERSCRIPTS), unit)
    return _NAMES.get(unit, raised)


def unit_of(columns: Sequence[str], meanings: Sequence[tuple[str, str]], *, is_sum: bool) -> str:
    """Return the unit of an expression, typeset.

    Parameters
    ----------
    columns : sequence of str
        The columns it names.
    meanings : sequence of (str, str)
        Their units and descriptions.
    is_sum : bool
        Whether it only adds and subtracts them.
    """
    units = {unit for unit, _ in meanings}
    if not is_sum or len(units) != 1 or units == {""}:
        return UNKNOWN
    if units == {"1"} and all(name.lower().removesuffix("_diff") in USES for name in columns):
        return "fraction of the cell"
    return typeset(units.pop())


def quantity_of(text: str, columns: Sequence[str], meanings: Sequence[tuple[str, str]]) -> str:
    """Return what an expression is: its text, and the description where it is one column."""
    name = " ".join(text.split())
    if len(columns) != 1 or name.strip('"').lower() != columns[0].lower():
        return name
    description = meanings[0][1]
    prefix, change, base = description.rpartition("change between two years of: ")
    short = re.split(r"[:;(\[]", base)[0].strip() if not prefix else description
    if not short:
        return name
    return f"{name}: {'change of ' if change else ''}{short}"


def sign_in_words(sense: Sense) -> str:
    """Return what a positive value says, or nothing where the sign has no meaning of its own."""
    if not sense.is_flux:
        return ""
    if sense.is_change:
        return f"positive: {'more' if sense.direction > 0 else 'less'} emitted"
    where = "source to the atmosphere" if sense.direction > 0 else "sink on land"
    return f"positive: {where}"


def moment(columns: Sequence[str], year: int) -> str:
    """Return when a value holds: states are those of 1 January, all else of the whole year."""
    at_once = all(name.lower() in SNAPSHOTS for name in columns)
    return f"1 January {year}" if at_once else str(year)
