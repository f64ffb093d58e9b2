"""Find the country that a user names."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        Its name, its ISO 3166-1 code of three or two letters, or its number, whatever the case.

    Raises
    ------
    UsageError
        If there is no such country, or the database has no countries.
    """
    word = asked.strip()
    if not word:
        raise UsageError("--country is empty; expected a name or an ISO code")
    found = run_statement(con, "find_country", None, [word])
    if found:
        code, name = found[0]
        return int(code), str(name or f"country {code}")
    if not has_countries(con):
        raise UsageError(
            "--country needs LUH2's static file, which was not loaded; build the database with "
            "--static"
        )
    near = [name for (name,) in run_statement(con, "near_countries", None, [word])]
    raise UsageError(f"--country is {asked!r}, which no cell has; close to it: {', '.join(near)}")
