"""The words of a picture: quantities, units and moments, from the data dictionary."""

from __future__ import annotations

import math
import re
import textwrap
from typing import TYPE_CHECKING

import numpy as np

from loader.schema import CROPS, SOURCES, USES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loader.plotting.sense import Sense

__all__ = [
    "CO2_PER_C",
    "CODE",
    "NAMES",
    "SHARE",
    "SNAPSHOTS",
    "SYNTHETIC",
    "UNKNOWN",
    "YES_NO",
    "as_co2",
    "balanced",
    "in_power",
    "moment",
    "number_in_words",
    "power_of",
    "quantity_of",
    "sign_in_words",
    "source_line",
    "typeset",
    "unit_of",
]

SYNTHETIC = "SYNTHETIC DATA: nothing here says anything about the Earth"
"""The text in every picture of synthetic sources."""

UNKNOWN = "unit not known"
"""The unit of an expression that is more than a sum of columns of one unit."""

SHARE = "share of the cell"
"""The unit of land uses."""

YES_NO = "1 is yes, 0 is no"
"""The unit of masks."""

CODE = "code"
"""The unit of numbers that only identify something."""

CO2_PER_C = 3.664
"""Mass of carbon dioxide that holds a unit mass of carbon (Friedlingstein et al. 2022, Table 1)."""

SNAPSHOTS: frozenset[str] = frozenset(USES) | {
    variable.column
    for source in SOURCES.values()
    if source.is_snapshot
    for variable in source.variables
}
"""Columns that hold on 1 January."""

NAMES: dict[str, str] = {
    "eluc": "Net emissions from land-use change",
    "emission_tc": "Net emissions from land-use change, per cell",
    "eluc_tco2_ha": "Net emissions from land-use change",
    "emission_tco2": "Net emissions from land-use change, per cell",
    "forest": "Forest",
    "primf": "Primary forest",
    "secdf": "Secondary forest",
    "primn": "Primary non-forest vegetation",
    "secdn": "Secondary non-forest vegetation",
    "crop": "Cropland",
    "pastr": "Managed pasture",
    "range": "Rangeland",
    "urban": "Urban land",
    "secmb": "Biomass carbon of secondary vegetation",
    "secma": "Age of secondary vegetation",
    "pltns": "Plantations",
    "c3ann": "C3 annual crops",
    "c4ann": "C4 annual crops",
    "c3per": "C3 perennial crops",
    "c4per": "C4 perennial crops",
    "c3nfx": "C3 nitrogen-fixing crops",
    "is_land": "Land mask",
    "land_fraction": "Land",
    "ice_water_fraction": "Ice and water",
    "potential_forest": "Potential forest",
    "potential_biomass": "Potential biomass carbon",
    "area_ha": "Area of the cell",
    "has_state": "Cells with land-use states",
    "year": "Year",
}
"""Quantities in words, by column."""

_SHARES = frozenset(USES) | set(CROPS) | {"pltns", "land_fraction", "ice_water_fraction"}
_MASKS = frozenset({"is_land", "has_state", "has_eluc", "potential_forest"})
_CODES = frozenset({"cell_id", "region_id", "country_code"})
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SUBSTANCES = {"CO2": "CO₂", "N2O": "N₂O"}
_UNITS = {
    "degrees_north": "° N",
    "degrees_east": "° E",
    "Mha": "million hectares",
    "kg": "kg C",
}


def typeset(unit: str) -> str:
    """Write a unit with raised exponents.

    Examples
    --------
    >>> typeset("t C ha-1 yr-1"), typeset("Mt CO2 yr-1")
    ('t C ha⁻¹ yr⁻¹', 'Mt CO₂ yr⁻¹')
    """
    raised = re.sub(r"(?<=[A-Za-z])-\d+", lambda m: m[0].translate(_SUPERSCRIPTS), unit)
    for plain, written in _SUBSTANCES.items():
        raised = re.sub(rf"\b{plain}\b", written, raised)
    return _UNITS.get(unit, raised)


def as_co2(unit: str) -> str:
    """Return a unit of carbon as one of carbon dioxide; any other unit as it is.

    Examples
    --------
    >>> as_co2("t C ha-1 yr-1")
    't CO2 ha-1 yr-1'
    """
    return re.sub(r"\bC\b", "CO2", unit, count=1)


def number_in_words(value: float, *, is_plain: bool = False) -> str:
    """Write a number with three significant digits, and all digits of a whole number.

    Parameters
    ----------
    value : float
    is_plain : bool
        Whether it is a year or a code: without decimals and separators.

    Examples
    --------
    >>> number_in_words(0.012345), number_in_words(76931.6), number_in_words(2021, is_plain=True)
    ('0.0123', '76,932', '2021')
    >>> number_in_words(0.00005), number_in_words(1.75e7).split()[-1]
    ('0.00005', '10⁷')
    """
    if is_plain:
        return f"{value:.0f}"
    size = abs(value)
    if 1000 <= size < 1e7:
        written = f"{value:,.0f}"
    elif size == 0 or 1e-5 <= size < 1000:
        written = np.format_float_positional(float(f"{value:.3g}"), trim="-")
    else:
        digits, _, power = f"{value:.3g}".partition("e")
        written = f"{digits} \N{MULTIPLICATION SIGN} 10{_raised(int(power))}" if power else digits
    return written.replace("-", "\N{MINUS SIGN}")


def power_of(largest: float) -> int:
    """Return the power of ten that numbers up to `largest` are written in, a multiple of 3.

    Examples
    --------
    >>> power_of(0.02), power_of(76_931), power_of(2e7), power_of(3e-8)
    (0, 0, 6, -9)
    """
    if not math.isfinite(largest) or largest == 0 or 1e-4 <= abs(largest) < 1e6:
        return 0
    return 3 * math.floor(math.log10(abs(largest)) / 3)


def in_power(unit: str, power: int) -> str:
    """Return the unit of numbers that were divided by a power of ten.

    Examples
    --------
    >>> in_power("kg C", 6), in_power("kg C", 0)
    ('10⁶ kg C', 'kg C')
    """
    return f"10{_raised(power)} {unit}" if power else unit


def _raised(power: int) -> str:
    return str(power).translate(_SUPERSCRIPTS)


def balanced(title: str, width: int) -> str:
    """Break a title into lines of about the same length, of at most `width` characters.

    Examples
    --------
    >>> print(balanced("Transition from primary forest to C3 annual crops, 2019", 50))
    Transition from primary forest
    to C3 annual crops, 2019
    """
    lines = textwrap.wrap(title, width)
    least = math.ceil(len(title) / max(1, len(lines)))
    for narrow in range(least, width):
        closer = textwrap.wrap(title, narrow)
        if len(closer) == len(lines):
            return "\n".join(closer)
    return "\n".join(lines)


def source_line(source: str, *, synthetic: bool) -> str:
    """Return the sources of a picture, marked where they are synthetic and do not say so."""
    return f"SYNTHETIC DATA. {source}" if synthetic and "SYNTHETIC" not in source else source


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
    names = {name.lower().removesuffix("_diff") for name in columns}
    if units == {"1"}:
        if names <= _SHARES or all("_to_" in name or name.endswith("_harv") for name in names):
            return SHARE
        if names <= _MASKS:
            return YES_NO
        return CODE if names <= _CODES else "ratio, without a unit"
    if units == {"kg"} and any("_bioh" in name for name in names):
        return "kg C"
    return typeset(units.pop())


def quantity_of(text: str, columns: Sequence[str], meanings: Sequence[tuple[str, str]]) -> str:
    """Describe an expression in the words of its columns, or by its own text.

    Parameters
    ----------
    text : str
        The expression as the user wrote it.
    columns : sequence of str
    meanings : sequence of (str, str)
        Units and descriptions of the columns.

    Examples
    --------
    >>> quantity_of("crop + urban", ["crop", "urban"], [("1", "cropland"), ("1", "urban land")])
    'Cropland + urban land'
    """
    terms = re.split(r"\s*([+-])\s*", text.strip())
    known = {
        name.lower(): _words(name, description)
        for name, (_, description) in zip(columns, meanings, strict=True)
    }
    if not all(term in "+-" or term.strip('"').lower() in known for term in terms) or not terms[0]:
        return re.sub(r"\s*\*\s*", " \N{MULTIPLICATION SIGN} ", " ".join(text.split()))
    words = [
        {"-": "\N{MINUS SIGN}"}.get(term, term) if term in "+-" else known[term.strip('"').lower()]
        for term in terms
    ]
    # Only the first word of a sum begins with a capital, unless it is one of C3 and C4.
    rest = [w if re.match(r"C\d", w) else w[:1].lower() + w[1:] for w in words[1:]]
    return " ".join([words[0], *rest])


def _words(column: str, description: str) -> str:
    """Return a column in words: its usual name, or the first clause of its description."""
    name = column.lower()
    base = name.removesuffix("_diff")
    # The emissions of the first file may be committed.
    if base in NAMES and not description.startswith("Committed"):
        words = NAMES[base]
    else:
        clause = re.split(r"[:;(\[]", description.rpartition("change between two years of: ")[2])[0]
        words = clause.strip() or column
        words = words[:1].upper() + words[1:]
    if base == name:
        return words
    return f"Change of {words if re.match(r'C[34]', words) else words[:1].lower() + words[1:]}"


def sign_in_words(sense: Sense) -> str:
    """Return the meaning of a positive value; empty if the sign has none."""
    if not sense.is_flux:
        return ""
    if sense.is_change:
        return f"positive: {'more' if sense.direction > 0 else 'less'} emitted"
    where = "source to the atmosphere" if sense.direction > 0 else "sink on land"
    return f"positive: {where}"


def moment(columns: Sequence[str], year: int) -> str:
    """Return the time of a value: 1 January for states, the complete year for anything else."""
    at_once = all(name.lower() in SNAPSHOTS for name in columns)
    return f"1 January {year}" if at_once else str(year)
