"""The countries behind LUH2's country codes: ISO 3166, and what LUH2 adds to it.

LUH2 draws the borders of before 1991: the successors of the Soviet Union, Yugoslavia and
Czechoslovakia share one code each, and no cell says which of them it lies in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ALASKA", "NO_COUNTRY", "UNITED_STATES", "Country", "countries"]

NO_COUNTRY: frozenset[int] = frozenset({0, 125})
"""Codes of no country: 0 is the sea and, on land, the Galápagos; 125 is one cell of Lake Huron."""

ALASKA = 900
"""LUH2's own code of Alaska, which counts as the United States."""

UNITED_STATES = 840


@dataclass(frozen=True)
class Country:
    """A country by name and letters.

    Attributes
    ----------
    iso3, iso2 : str
        ISO 3166-1 alpha-3 and alpha-2; of a former country those that ISO 3166-3 withdrew.
    name : str
        In English.
    """

    iso3: str
    iso2: str
    name: str


_OF_LUH2: dict[int, Country] = {
    231: Country("ETH", "ET", "Ethiopia with Eritrea"),
    530: Country("ANT", "AN", "Netherlands Antilles"),
    736: Country("SDN", "SD", "Sudan with South Sudan"),
    901: Country("SUN", "SU", "Former Soviet Union"),
    902: Country("YUG", "YU", "Yugoslavia"),
    903: Country("CSK", "CS", "Czechoslovakia"),
}
"""What ISO 3166-1 does not know by its number, or knows with other borders.

901 to 903 are LUH2's own numbers; 530 and 736 are those that ISO gave up when the Netherlands
Antilles were dissolved and when South Sudan became independent; 231 is today's Ethiopia, whose
cells include Eritrea in LUH2. Letters: ISO 3166-3 (SU, YU, CS, AN), ISO 3166-1 (ET, SD).
"""


def countries(codes: Iterable[int]) -> dict[int, Country]:
    """Return the countries that have these codes.

    Parameters
    ----------
    codes : iterable of int
        Numbers as in LUH2's `ccode`: ISO 3166-1 numeric, or LUH2's own.

    Returns
    -------
    dict of int to Country
        A code that no country has is left out.

    Notes
    -----
    Names are ISO's English short names, or the common name where the package pycountry has one
    ("Bolivia" for "Bolivia, Plurinational State of").
    """
    import pycountry  # noqa: PLC0415  # builds without the static grid need it not

    found = {}
    for code in codes:
        known = pycountry.countries.get(numeric=f"{code:03d}")
        if code in _OF_LUH2:
            found[code] = _OF_LUH2[code]
        elif known is not None:
            name = getattr(known, "common_name", None) or known.name
            found[code] = Country(known.alpha_3, known.alpha_2, name)
    return found
