"""Check the units of files: the views compute with some variables, each in one unit.

pint knows the units. It does not know CF's way to write powers ("m-2"), that a mass may be one of
carbon, nor the words that people write for "no unit"; those are dealt with here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from loader.errors import SourceError

if TYPE_CHECKING:
    from pint import UnitRegistry

    from loader.schema import Variable

__all__ = ["HECTARE", "require_unit", "same_unit"]

HECTARE = "ha"

_PUBLISHED = {"t C ha-1 yr-1": ("t C/ha/yr",)}
"""Spellings of the published files, for which pint need not be imported."""

_NO_UNIT = frozenset(
    {"-", "--", "none", "unity", "one", "unitless", "no unit", "no_unit", "no units"}
    | {"dimensionless", "nondimensional", "non-dimensional", "fraction", "fractional"}
    | {"proportion", "share", "ratio", "0-1", "0 - 1", "0..1", "0 to 1"}
)
"""Words for the unit 1 that pint does not parse, in lower case."""

_OF_A_CELL = re.compile(
    r"((area )?fraction|proportion|share) (of|in) (the |a )?(grid[ -]?)?(cell|box)( area)?"
    r"|(grid[ -]?)?(cell|box) (area )?fraction|(area|areal) (fraction|proportion)",
)

_SYNONYMS = (
    (re.compile(r"\b(annum|yrs|y|a)\b"), "yr"),
    # pint's ton is the American one; carbon is measured in metric tons.
    (re.compile(r"\b(metric )?tons?\b"), "t"),
    (re.compile(r"\bof\b"), " "),
    (re.compile("%"), " percent "),
    (re.compile("‰"), " permille "),
)
"""Spellings that pint does not know or would misread."""

_NOTATION = (
    (re.compile(r"[{}^]|(?<=[A-Za-z])\*\*(?=[-+]?\d)"), ""),
    (re.compile(r"\s*[.*]\s*(?=[A-Za-z(])|(?<=[A-Za-z+-]\d)(?=[A-Za-z])|_"), " "),
    (
        re.compile(r"(?<![A-Za-z\d.])(?P<unit>[A-Za-z]+)(?P<power>[-+]?\d\d?)\b"),
        r"\g<unit>**\g<power> ",
    ),
)
"""Powers and products, written as pint reads them: "m**-2", and a space between factors."""

_ALLOWED = re.compile(r"(?=.*[A-Za-z\d])(?:[\sA-Za-z()/.\d+-]|(?<=[A-Za-z])\*\*(?=[-+]?\d))*")
"""Text that pint may evaluate. It has no powers of numbers, which might take forever."""

_ASCII = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻\u2212·\u00d7", "0123456789--..")

_SUBSTANCE = re.compile(
    r"(?<![A-Za-z])(?P<mass>kg|[MGTP]?g|[MGk]?t|tonnes?)?[\s_-]*[\[(]?"
    r"(?P<name>CO2(?:-?eq?)?|carbon dioxide|C|carbon|N|nitrogen)[\])]?(?![A-Za-z0-9])"
)
"""The substance of a mass, after it or joined to it: "t C", "tC", "tCO2", "kg(N)", "MgC"."""

_REMARK = re.compile(r"\s*[(\[][^()\[\]]*[)\]]$")

_CARBON = frozenset({"C", "carbon"})
_CO2_PER_C = 3.664
"""Mass of carbon dioxide that holds a unit mass of carbon (Friedlingstein et al. 2022, Table 1)."""

_TOLERANCE = 1e-3
"""Years differ by less: 365, 365.2422 or 365.25 days."""

_LONGEST = 100
"""Largest number of characters of a unit that is parsed or shown."""


@dataclass(frozen=True)
class _Text:
    """A unit as pint parses it, and the substances of its masses."""

    unit: str
    substances: frozenset[str]


def require_unit(variable: Variable, unit: object, path: str) -> None:
    """Raise if a variable is not in the unit that the views compute with, in any spelling.

    Parameters
    ----------
    variable : Variable
        With the unit to require: "1", "ha", or a mass of carbon such as "t C ha-1 yr-1".
    unit : object
        The attribute of the file; None or empty is treated as the required unit.
    path : str
        The file, for messages.

    Raises
    ------
    SourceError
        If the unit is a different one, or cannot be parsed.
    """
    text = "" if unit is None else str(unit).strip()
    published = {variable.units, *_PUBLISHED.get(variable.units, ())}
    if not text or " ".join(text.split()) in published:
        return
    problem = _problem(_parsed(text), _parsed(variable.units), variable.units)
    without_remark = _REMARK.sub("", text)
    if problem is not None and without_remark:
        # "1 (fraction of the cell)": tried last, parentheses may be part of the unit.
        problem = _problem(_parsed(without_remark), _parsed(variable.units), variable.units)
    if problem is not None:
        raise SourceError(path, f'has units "{text[:_LONGEST]}", {problem}', variable.name)


def same_unit(one: str, other: str) -> bool:
    """Return whether two units are the same in other spelling, or either is empty."""
    first, second = (" ".join(text.split()) for text in (one, other))
    if not first or not second or first == second:
        return True
    parsed, wanted = _parsed(first), _parsed(second)
    return parsed.substances == wanted.substances and _is_one(_factor(parsed.unit, wanted.unit))


def _is_one(factor: float | None) -> bool:
    return factor is not None and abs(factor - 1) < _TOLERANCE


def _parsed(text: str) -> _Text:
    """Return a unit in the spelling of pint."""
    plain = " ".join(text[:_LONGEST].translate(_ASCII).split())
    words = plain.lower().strip(" []()")
    if words in _NO_UNIT or _OF_A_CELL.fullmatch(words):
        return _Text("1", frozenset())
    substances = set()

    def without_substance(match: re.Match[str]) -> str:
        substances.add(match["name"])
        return f"{match['mass'] or ''} "

    for pattern, replacement in _SYNONYMS:
        plain = pattern.sub(replacement, plain)
    plain = _SUBSTANCE.sub(without_substance, plain)
    for pattern, replacement in _NOTATION:
        plain = pattern.sub(replacement, plain)
    return _Text(" ".join(plain.split()), frozenset(substances))


def _problem(own: _Text, wanted: _Text, required: str) -> str | None:
    """Return what is wrong with a unit and how to fix it; None if the units are equal."""
    expected = f'expected "{required}"'
    factor = 1.0
    if not own.substances <= _CARBON:
        if not any(name.startswith(("CO2", "carbon dioxide")) for name in own.substances):
            named = ", ".join(sorted(own.substances))
            return f"a mass of {named}, not of carbon; {expected}"
        factor = 1 / _CO2_PER_C
    # A total of the year is often written without "per year".
    targets = [wanted.unit, f"{wanted.unit} yr"] if wanted.substances else [wanted.unit]
    factors = [_factor(own.unit, target) for target in targets]
    if all(one is None for one in factors):
        return (
            f"a unit that cannot be parsed; {expected}. If the values are in that unit, set "
            f'the attribute units to "{required}"; they need no conversion'
        )
    factor *= next((one for one in factors if one), 0.0)
    if not factor:
        return f"which is another quantity; {expected}: check that it is the right variable"
    if abs(factor - 1) < _TOLERANCE:
        return None
    return (
        f"which is not the same; {expected}: multiply the values by {factor:.6g} and set the "
        "attribute units"
    )


def _factor(unit: str, target: str) -> float | None:
    """Return the conversion factor; 0 if there is none, None if a unit is unknown."""
    if not _ALLOWED.fullmatch(unit):
        return None
    units = _registry()
    try:
        quantity: Any = units.Quantity(unit)
        wanted: Any = units.Quantity(target)
        if not quantity.is_compatible_with(wanted):
            return 0.0
        return float((quantity / wanted).to("dimensionless").magnitude)
    except Exception:  # noqa: BLE001  # pint raises anything for a text that is not a unit
        return None


@cache
def _registry() -> UnitRegistry[Any]:
    # Imported here because it takes half a second and the published spellings need no parser.
    import pint  # noqa: PLC0415

    return pint.UnitRegistry()
