"""Countries: those of LUH2's country codes, and those that a person names.

LUH2 has pre-1991 borders. The successors of the Soviet Union, Yugoslavia and Czechoslovakia share
one code each, and no cell says which of them it is in.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ALASKA",
    "FORMER",
    "NO_COUNTRY",
    "UNITED_STATES",
    "Country",
    "comparable_name",
    "countries",
    "find_countries",
    "similar_names",
]

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
"""Countries that ISO 3166-1 does not have by their number, or has with other borders.

901 to 903 are LUH2's own numbers; 530 and 736 are those that ISO gave up when the Netherlands
Antilles were dissolved and when South Sudan became independent; 231 is today's Ethiopia, whose
cells include Eritrea in LUH2. Letters: ISO 3166-3 (SU, YU, CS, AN), ISO 3166-1 (ET, SD).
"""


FORMER: frozenset[str] = frozenset({"SUN", "YUG", "CSK", "ANT"})
"""ISO 3166-3 codes of the countries in LUH2's grid that no longer exist."""


def countries(codes: Iterable[int]) -> dict[int, Country]:
    """Return the countries that have these codes.

    Parameters
    ----------
    codes : iterable of int
        Numbers as in LUH2's `ccode`: ISO 3166-1 numeric, or LUH2's own.

    Returns
    -------
    dict of int to Country
        Codes that no country has are left out.

    Notes
    -----
    Names are ISO's English short names, or the common name where the package pycountry has one
    ("Bolivia" for "Bolivia, Plurinational State of").
    """
    import pycountry  # noqa: PLC0415  # builds without the static grid do not need it

    by_code = {}
    for code in codes:
        known = pycountry.countries.get(numeric=f"{code:03d}")
        if code in _OF_LUH2:
            by_code[code] = _OF_LUH2[code]
        elif known is not None:
            by_code[code] = _of_pycountry(known)
    return by_code


def find_countries(name: str) -> tuple[Country, ...]:
    """Return the countries that a person may mean by a name or a code.

    Parameters
    ----------
    name : str
        A name in English, as people write it ("UK", "Ivory Coast", "cote d'ivoire"), in any case,
        with or without accents and punctuation; an ISO 3166-1 code of two or three letters; or a
        number, ISO's or LUH2's own.

    Returns
    -------
    tuple of Country
        Several where the name is ambiguous ("Congo"), none where it is unknown.

    Examples
    --------
    >>> [country.iso3 for country in find_countries("Burma")]
    ['MMR']
    >>> [country.iso3 for country in find_countries("congo")]
    ['COG', 'COD']
    """
    word = name.strip()
    if word.isascii() and word.isdigit():
        return tuple(countries([int(word)]).values())
    known = _countries_by_name()
    key = comparable_name(word)
    codes = _ALIASES.get(key, "").split() or known.get(key, ())
    by_code = _countries_by_code()
    return tuple(by_code[code] for code in codes)


def similar_names(name: str, names: Iterable[str], count: int = 3) -> list[str]:
    """Return those of `names` that may be a misspelt `name`, the most similar first."""
    by_key = {comparable_name(one): one for one in names}
    near = difflib.get_close_matches(comparable_name(name), by_key, n=count, cutoff=0.75)
    return [by_key[key] for key in near]


_ALIASES: dict[str, str] = {
    "america": "USA",
    "bolivia": "BOL",
    "bosnia": "BIH",
    "britain": "GBR",
    "brunei": "BRN",
    "burma": "MMR",
    "cape verde": "CPV",
    "car": "CAF",
    "ceylon": "LKA",
    "congo": "COG COD",
    "congo brazzaville": "COG",
    "congo kinshasa": "COD",
    "congo republic": "COG",
    "czech republic": "CZE",
    "democratic congo": "COD",
    "democratic republic of congo": "COD",
    "dprk": "PRK",
    "dr congo": "COD",
    "drc": "COD",
    "east timor": "TLS",
    "england": "GBR",
    "falkland islands": "FLK",
    "falklands": "FLK",
    "great britain": "GBR",
    "holland": "NLD",
    "hong kong": "HKG",
    "iran": "IRN",
    "ivory coast": "CIV",
    "korea": "KOR PRK",
    "laos": "LAO",
    "macao": "MAC",
    "macau": "MAC",
    "macedonia": "MKD",
    "micronesia": "FSM",
    "moldova": "MDA",
    "north korea": "PRK",
    "north macedonia": "MKD",
    "northern ireland": "GBR",
    "palestine": "PSE",
    "prc": "CHN",
    "republic of congo": "COG",
    "rok": "KOR",
    "rsa": "ZAF",
    "russia": "RUS",
    "scotland": "GBR",
    "south korea": "KOR",
    "soviet union": "SUN",
    "former soviet union": "SUN",
    "swaziland": "SWZ",
    "syria": "SYR",
    "taiwan": "TWN",
    "tanzania": "TZA",
    "turkey": "TUR",
    "uae": "ARE",
    "uk": "GBR",
    "united states": "USA",
    "upper volta": "BFA",
    "ussr": "SUN",
    "vatican": "VAT",
    "vatican city": "VAT",
    "venezuela": "VEN",
    "vietnam": "VNM",
    "virgin islands": "VGB VIR",
    "wales": "GBR",
    "zaire": "COD",
}
"""Names in common use that ISO 3166 does not have, or has for another country, as `comparable_name`
writes them, with their ISO codes: several where the name alone does not decide."""

_KOSOVO = Country("XKX", "XK", "Kosovo")
"""Has no code in ISO 3166-1; XKX is in common use."""


@cache
def _countries_by_code() -> dict[str, Country]:
    import pycountry  # noqa: PLC0415  # only for names that a user gives

    today = {c.alpha_3: _of_pycountry(c) for c in pycountry.countries}
    return today | {c.iso3: c for c in _OF_LUH2.values() if c.iso3 not in today} | {"XKX": _KOSOVO}


@cache
def _countries_by_name() -> dict[str, tuple[str, ...]]:
    """Return the ISO codes of every name and code in ISO 3166, by its `comparable_name`."""
    import pycountry  # noqa: PLC0415  # only for names that a user gives

    known: dict[str, tuple[str, ...]] = {}
    for country in pycountry.countries:
        names = {country.alpha_2, country.alpha_3, country.name}
        names |= {getattr(country, "common_name", ""), getattr(country, "official_name", "")}
        for name in names:
            # "Congo, The Democratic Republic of the" is also written the other way round.
            head, comma, tail = name.partition(",")
            for spelling in (name, f"{tail} {head}" if comma else ""):
                known.setdefault(comparable_name(spelling), (country.alpha_3,))
    for other in (*_OF_LUH2.values(), _KOSOVO):
        for name in (other.iso3, other.iso2, other.name):
            known.setdefault(comparable_name(name), (other.iso3,))
    known.pop("", None)
    return known


def _of_pycountry(country: Any) -> Country:  # noqa: ANN401  # pycountry has no types for its records
    name = getattr(country, "common_name", None) or country.name
    return Country(country.alpha_3, country.alpha_2, name)


def comparable_name(name: str) -> str:
    """Return a name in lower case, without accents, punctuation, "the", and with words in full."""
    # Dots and apostrophes join what they separate: U.S.A., d'Ivoire in one or two words.
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    plain = plain.casefold().replace(".", "").replace("&", " and ")
    words = re.sub(r"[^\w]+", " ", plain).split()
    return " ".join(_WORDS.get(word, word) for word in words if word != "the")


_WORDS = {"st": "saint", "ste": "saint", "rep": "republic", "dem": "democratic", "is": "islands"}
