"""Whether two sets of answers agree: counts exactly, sums as far as the order of adding matters."""

from __future__ import annotations

from typing import Any

__all__ = ["MismatchError", "compare", "compare_number"]

TOLERANCE = 1e-9
"""Of the sum of absolute values: what adding in another order may change, and no wrong value."""


class MismatchError(Exception):
    """A contestant's result does not hold what the files hold; no time of it means anything."""


def compare(who: str, found: dict[str, Any], expected: dict[str, Any]) -> int:
    """Compare the answers of both tables.

    Parameters
    ----------
    who : str
        Whose answers they are, for the message.
    found, expected : dict
        As contestants/result.py and contestants/reference.py make them.

    Returns
    -------
    int
        How many numbers were compared.

    Raises
    ------
    MismatchError
        At the first number that differs.
    """
    compared = 0
    for table in ("state", "eluc"):
        years = expected[table]["years"]
        if found[table]["years"] != years:
            raise MismatchError(
                f"{who}: {table} holds the years {found[table]['years']}, expected {years}"
            )
        for name, figures in expected[table]["variables"].items():
            got = found[table]["variables"][name]
            for key, values in figures.items():
                reach = {"sum_lat": 90.0, "sum_lon": 180.0}.get(key, 1.0)
                for year, value, other, scale in zip(
                    years, values, got[key], figures["scale"], strict=True
                ):
                    what = f"{table}.{name} {key} of {year}"
                    exact = key == "count"
                    compare_number(who, what, other, value, 0.0 if exact else scale * reach)
                    compared += 1
    return compared


def compare_number(who: str, what: str, found: float | None, expected: float, scale: float) -> None:
    """Compare one number; it may differ by `TOLERANCE` of `scale`.

    Raises
    ------
    MismatchError
        If it differs by more, or is missing.
    """
    if found is None or not abs(found - expected) <= TOLERANCE * scale:
        raise MismatchError(f"{who}: {what} is {found!r}, expected {expected!r}")
