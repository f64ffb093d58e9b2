"""Explain why a result is empty, or which source it needs that the build did not load."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from loader.catalog.expressions import syntax_nodes
from loader.catalog.sqlfiles import read_files
from loader.errors import DatabaseError
from loader.schema import listed_sources
from loader.storing.database import run_statement

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["empty_reasons", "is_synthetic", "missing_sources", "place_complaint", "relations_of"]

_TOTALS = {"eluc_total": "eluc", "state_total": "state"}
"""Tables that are computed from another one."""

_PLACES = frozenset({"point", "cell_at"})
"""Macros that take a latitude and a longitude."""

_SPANS = frozenset({"state_change", "cumulative_emissions"})
"""Macros that take a first and a last year."""


def is_synthetic(con: duckdb.DuckDBPyConnection) -> bool:
    """Return whether a database was built from synthetic sources."""
    return bool(run_statement(con, "read_synthetic")[0][0])


def relations_of(con: duckdb.DuckDBPyConnection, sql: str) -> set[str]:
    """Return the tables, views and macros that a query names; empty if DuckDB finds none."""
    names: set[str] = set()
    with suppress(duckdb.Error):
        names |= {name.rpartition(".")[2].strip('"') for name in con.get_table_names(sql)}
    called = {name.lower() for name in re.findall(r"(\w+)\s*\(", sql)}
    return names | (called & set(read_files("sql/macros")))


def missing_sources(con: duckdb.DuckDBPyConnection, relations: Iterable[str]) -> list[str]:
    """Name the sources that relations need and that the build did not load.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        A session of the database.
    relations : iterable of str
        Names of tables, views and macros; their dependencies are read from their headers.

    Returns
    -------
    list of str
        A sentence for each table without rows.
    """
    files = {**read_files("sql/tables"), **read_files("sql/views"), **read_files("sql/macros")}
    needs: set[str] = set()
    queue = list(relations)
    while queue:
        name = queue.pop()
        if name not in needs:
            needs.add(name)
            queue += files[name].needs if name in files else ()
            queue += [_TOTALS[name]] if name in _TOTALS else []
    return [
        f"{source.table} was not loaded; luc-load build --{source.name} loads it"
        for source in listed_sources()
        if source.table in needs and not _has_rows(con, source.table)
    ]


def _has_rows(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    try:
        return bool(run_statement(con, "has_rows", {"table": table})[0][0])
    except DatabaseError:
        return False


@dataclass(frozen=True)
class _Years:
    """The loaded years."""

    loaded: frozenset[int]

    def complaint(self, first: float | None, last: float | None) -> str | None:
        """Explain why no loaded year is from `first` to `last`; None if one is."""
        if first is not None and last is not None and first > last:
            return f"the years are reversed: {first:g} is after {last:g}"
        if not self.loaded or any(
            (first is None or year >= first) and (last is None or year <= last)
            for year in self.loaded
        ):
            return None
        ends = [f"{end:g}" for end in dict.fromkeys((first, last)) if end is not None]
        have = f"loaded years: {min(self.loaded)} to {max(self.loaded)}"
        if first is not None and last is not None:
            return f"{' to '.join(ends)} is not loaded ({have})"
        side = "from {} on" if last is None else "up to {}"
        return f"no year {side.format(ends[0])} is loaded ({have})"


def empty_reasons(con: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    """Explain why a query returned no rows.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The session that ran the query, with its variables.
    sql : str
        The statements that were run; the last one gave the result.

    Returns
    -------
    list of str
        Sentences about years that are not loaded or reversed, and about latitudes and longitudes
        that are impossible or without data. Empty if there is no explanation.
    """
    # DuckDB itself parses the query; one that it cannot parse as JSON is not explained.
    try:
        last = con.extract_statements(sql)[-1].query
        tree = json.loads(run_statement(con, "parse_expression", None, [last])[0][0])
        years = _Years(frozenset(int(year) for year, *_ in run_statement(con, "list_years")))
    except (duckdb.Error, DatabaseError, ValueError):
        return []
    reasons: list[str] = []
    # Look for places outside the grid, and years that are not loaded, anywhere in the query.
    for node in syntax_nodes(tree):
        kind, name = node.get("class"), str(node.get("function_name", "")).lower()
        if kind == "FUNCTION" and (name in _PLACES or name in _SPANS):
            values = [_value(con, argument) for argument in _arguments(node)]
            if len(values) == 2 and None not in values:
                first, second = values
                assert first is not None
                assert second is not None
                if name in _PLACES:
                    reasons.append(place_complaint(first, second))
                else:
                    reasons += [
                        complaint
                        for complaint in (
                            years.complaint(first, second) if first > second else None,
                            years.complaint(first, first),
                            years.complaint(second, second),
                        )
                        if complaint
                    ]
        elif kind in {"COMPARISON", "BETWEEN"} and (span := _year_span(con, node)) is not None:
            complaint = years.complaint(*span)
            reasons += [complaint] if complaint else []
    # The same reason may come from several parts of a query.
    return list(dict.fromkeys(reasons))


def place_complaint(latitude: float, longitude: float) -> str:
    """Return a clause on a place without data; it proposes the other order where that helps."""
    place = f"latitude {latitude:g}, longitude {longitude:g}"
    swapped = f"latitude {longitude:g}, longitude {latitude:g}"
    if not -90 <= latitude <= 90:
        if -90 <= longitude <= 90:
            return f"{place} is impossible; were {swapped} meant? The latitude comes first"
        return f"{place} is impossible; a latitude is between -90 and 90"
    if not -360 <= longitude <= 360:
        return f"{place} is impossible; a longitude is between -180 and 180"
    if abs(longitude) <= 90:
        return f"there are no data at {place}; were {swapped} meant? The latitude comes first"
    return f"there are no data at {place}"


def _year_span(
    con: duckdb.DuckDBPyConnection, node: dict[str, Any]
) -> tuple[float | None, float | None] | None:
    """Return the first and last year that a condition allows; None if it does not concern years."""
    if node["class"] == "BETWEEN":
        if not _is_year(node["input"]):
            return None
        lower, upper = _value(con, node["lower"]), _value(con, node["upper"])
        return None if lower is None or upper is None else (lower, upper)
    # `2000 < year` is `year > 2000`.
    left, right, operator = node["left"], node["right"], node["type"]
    if _is_year(right):
        left, right = right, left
        operator = _MIRRORED.get(operator, operator)
    value = _value(con, right) if _is_year(left) else None
    if value is None:
        return None
    spans: dict[str, tuple[float | None, float | None]] = {
        "COMPARE_EQUAL": (value, value),
        "COMPARE_GREATERTHANOREQUALTO": (value, None),
        "COMPARE_GREATERTHAN": (value + 1, None),
        "COMPARE_LESSTHANOREQUALTO": (None, value),
        "COMPARE_LESSTHAN": (None, value - 1),
    }
    return spans.get(operator)


_MIRRORED = {
    "COMPARE_GREATERTHANOREQUALTO": "COMPARE_LESSTHANOREQUALTO",
    "COMPARE_GREATERTHAN": "COMPARE_LESSTHAN",
    "COMPARE_LESSTHANOREQUALTO": "COMPARE_GREATERTHANOREQUALTO",
    "COMPARE_LESSTHAN": "COMPARE_GREATERTHAN",
}


def _is_year(node: dict[str, Any]) -> bool:
    return node.get("class") == "COLUMN_REF" and node["column_names"][-1].lower() == "year"


def _value(con: duckdb.DuckDBPyConnection, node: dict[str, Any]) -> float | None:
    """Return the number of an expression that is a constant or a variable of the session."""
    kind, arguments = node.get("class"), _arguments(node)
    value: Any = None
    if kind == "CAST":
        return _value(con, node["child"])
    if kind == "CONSTANT":
        value = _constant(node)
    elif kind == "FUNCTION" and len(arguments) == 1:
        if node["function_name"] == "-":
            inner = _value(con, arguments[0])
            return None if inner is None else -inner
        if node["function_name"] == "getvariable":
            name = _constant(arguments[0])
            ((value,),) = run_statement(con, "read_variable", {"name": name})
    with suppress(TypeError, ValueError):
        return float(value)
    return None


def _arguments(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the arguments of a function: DuckDB 2.0 gives them names, 1.5 lists them."""
    named = [argument["expression"] for argument in node.get("arguments", ())]
    return named or list(node.get("children", ()))


def _constant(node: dict[str, Any]) -> Any:  # noqa: ANN401  # a number or a text
    """Return a constant: DuckDB 2.0 keeps its text, 1.5 its value and type."""
    if "literal" in node:
        return node["literal"].get("text")
    value, kind = node.get("value", {}).get("value"), node.get("value", {}).get("type", {})
    # A DECIMAL is an integer with a scale.
    scale = (kind.get("type_info") or {}).get("scale")
    return value / 10**scale if isinstance(value, int) and scale else value
