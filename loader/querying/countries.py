"""Find the country that a user names among the countries of a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loader.countries import FORMER, find_countries, similar_names
from loader.errors import UsageError
from loader.storing.database import run_statement

if TYPE_CHECKING:
    import duckdb

__all__ = ["find_country", "has_countries"]


def has_countries(con: duckdb.DuckDBPyConnection) -> bool:
    """Return whether any cell of a database is in a country."""
    return bool(run_statement(con, "count_countries")[0][0])


def find_country(con: duckdb.DuckDBPyConnection, asked: str) -> tuple[int, str]:
    """Return number and name of a country that has cells.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    asked : str
        Anything that `loader.countries.find_countries` understands, or an ISO 3166-1 number.

    Raises
    ------
    UsageError
        If the name is unknown or ambiguous, or if the country has no cell.
    """
    word = asked.strip()
    if not word:
        raise UsageError("--country is empty; use a name or an ISO code, for example Brazil or BRA")
    rows = run_statement(con, "list_countries")
    if word.isascii() and word.isdigit() and int(word) in {code for code, *_ in rows}:
        return next(
            (code, name or f"country {code}") for code, _, name in rows if code == int(word)
        )
    by_iso3 = {iso3: (code, name) for code, iso3, name in rows if iso3}
    meant = find_countries(word)
    if len(meant) > 1:
        options = " or ".join(f"{country.iso3} ({country.name})" for country in meant)
        raise UsageError(f"--country {asked!r} is ambiguous; use {options}")
    if not meant:
        near = similar_names(word, [name for _, _, name in rows if name])
        hint = f"did you mean {' or '.join(near)}?" if near else "use an ISO code, for example BRA"
        raise UsageError(f"--country {asked!r} is not a known country; {hint}")
    (country,) = meant
    if country.iso3 in by_iso3:
        return by_iso3[country.iso3]
    if country.iso3 in FORMER:
        raise UsageError(
            f"--country {asked!r}: {country.name} is not a country of today; its cells are the "
            "region of that name in the layer luh2_country (see the view eluc_region)"
        )
    raise UsageError(f"--country {asked!r}: no cell of this database is in {country.name}")
