"""Match the country that a user names with the countries of a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loader.countries import find_countries, predecessor, similar_names
from loader.errors import UsageError
from loader.storing.database import run_statement

if TYPE_CHECKING:
    import duckdb

__all__ = ["find_country", "has_countries"]


def has_countries(con: duckdb.DuckDBPyConnection) -> bool:
    """Return whether a database knows the country of any cell."""
    return bool(run_statement(con, "count_countries")[0][0])


def find_country(con: duckdb.DuckDBPyConnection, asked: str) -> tuple[int, str]:
    """Return number and name of a country that has cells.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    asked : str
        Anything that `loader.countries.find_countries` understands, or a number in `cell`.

    Raises
    ------
    UsageError
        If the name is unknown or ambiguous, if the country has no cell of its own, or if the
        database has no countries.
    """
    word = asked.strip()
    if not word:
        raise UsageError("--country is empty; use a name or an ISO code, for example Brazil or BRA")
    rows = run_statement(con, "list_countries")
    if not rows:
        raise UsageError(
            "--country needs LUH2's static file, which this database was built without; run "
            "luc-load build with --static"
        )
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
    former = predecessor(country.iso3)
    if former is not None and former in by_iso3:
        _, name = by_iso3[former]
        raise UsageError(
            f"--country {asked!r}: this grid has pre-1991 borders and counts {country.name} to "
            f"{name}; use {former} for all of it"
        )
    raise UsageError(f"--country {asked!r}: no cell of this database is in {country.name}")
