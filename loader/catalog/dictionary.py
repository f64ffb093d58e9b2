"""Describe every column for comments and the data dictionary: unit, description and origin.

Columns that luc-load adds are in the glossary sql/columns.toml, by name, or by table and name if
a name has another meaning in one table. Variables of a file are described by their attributes.
`<name>_diff`, `<name>_mha` and `<name>_share` follow from `<name>`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from loader.catalog.sqlfiles import folder
from loader.errors import SqlFileError
from loader.schema import FURTHER_LAND_USE, LAND_USE, Variable

__all__ = ["UNKNOWN_UNIT", "Entry", "column_entry", "glossary", "variable_entry"]

UNKNOWN_UNIT = "unknown"
"""The unit of a variable without the attribute units."""

_LAND_USE = LAND_USE | FURTHER_LAND_USE
_STORED_CELLS = {
    "state_country": "the stored cells of the country",
    "state_region": "the stored cells of the region",
    "state_total": "the stored cells of the region",
}


@dataclass(frozen=True)
class Entry:
    """The meaning of one column.

    Attributes
    ----------
    unit : str
        A UDUNITS unit if possible, "1" for a pure number, "text" for names and codes.
    description, source : str
        Meaning and origin.
    """

    unit: str
    description: str
    source: str

    @property
    def comment(self) -> str:
        """The text of the column's COMMENT."""
        return f"{self.description} [unit: {self.unit}]"


def glossary() -> dict[str, Entry]:
    """Read sql/columns.toml.

    Raises
    ------
    SqlFileError
        If an entry has other fields than unit, description and source, or an empty one.
    """
    place = folder("sql").joinpath("columns.toml")
    try:
        entries = tomllib.loads(place.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SqlFileError(f"{place}: {error}") from error
    fields = {"unit", "description", "source"}
    for name, entry in entries.items():
        if set(entry) != fields or not all(isinstance(v, str) and v for v in entry.values()):
            raise SqlFileError(f"{place}: {name}: expected the strings {', '.join(sorted(fields))}")
    return {name: Entry(**entry) for name, entry in entries.items()}


def variable_entry(variable: Variable, source: str) -> Entry:
    """Describe a variable of the file that `source` names."""
    return Entry(
        variable.units or UNKNOWN_UNIT,
        variable.long_name or variable.standard_name or f"variable {variable.name} of the file",
        f"{variable.name} of {source}",
    )


def column_entry(
    table: str, column: str, scopes: Iterable[Mapping[str, Entry]], glossary: Mapping[str, Entry]
) -> Entry:
    """Return the meaning of a column.

    Parameters
    ----------
    table, column : str
        Name of the table or view, and of the column.
    scopes : Iterable of Mapping
        The variables of the column's table or view, those of the most important table first.
    glossary : Mapping
        The result of `glossary`.

    Raises
    ------
    SqlFileError
        If nothing describes it.
    """
    if entry := glossary.get(f"{table}.{column}"):
        return entry
    known = _merged(scopes, glossary)
    if column in known:
        entry = known[column]
        mean = None if column in glossary else _MEANS.get(table)
        return replace(entry, description=f"{mean}: {entry.description}") if mean else entry
    for suffix, describe in _DERIVED.items():
        if (name := column.removesuffix(suffix)) in known and name != column:
            return describe(table, known[name])
    if (table, suffix := column.rpartition("_")[2]) in _BY_TRANSITIONS:
        text, source = _BY_TRANSITIONS[table, suffix]
        name = column.rpartition("_")[0]
        return Entry("1", f"{text}, of: {_LAND_USE.get(name, name)}", source)
    raise SqlFileError(f"sql/columns.toml has no entry for the column {column!r} of {table}")


def _difference(_table: str, base: Entry) -> Entry:
    return Entry(base.unit, f"change between two years of: {base.description}", base.source)


def _area(table: str, base: Entry) -> Entry:
    cells = _STORED_CELLS.get(table, "all stored cells")
    return Entry("Mha", f"area over {cells} of: {base.description}", base.source)


def _square_area(_table: str, base: Entry) -> Entry:
    return Entry(
        "ha", f"area over the stored cells of the square of: {base.description}", base.source
    )


def _square_change(_table: str, base: Entry) -> Entry:
    text = "area on the next 1 January minus that on 1 January of the year, over the stored cells"
    return Entry("ha", f"{text} of the square, of: {base.description}", base.source)


def _share(_table: str, base: Entry) -> Entry:
    text = f"share of the cell's land, without ice and water, of: {base.description}"
    text = f"{text}; NULL without the static file"
    return Entry("1", text, f"{base.source}; icwtr of LUH2 staticData_quarterdeg.nc")


def _emission(unit: str, what: str) -> Callable[[str, Entry], Entry]:
    def describe(table: str, base: Entry) -> Entry:
        over = _OF_SQUARES.get(table, what)
        return Entry(unit, f"{over}: {base.description}", f"{base.source}; cell areas")

    return describe


_OF_SQUARES = {
    "eluc_map_1deg": "sum over the cells of the square, which may be summed again",
    "luc_map_1deg": "sum over the stored cells of the square, which may be summed again",
}
"""How emissions are added up where a row is a square."""

_MEANS = {
    "eluc_map_1deg": "mean over the cells of the square, weighted by area",
    "eluc_series": "one value for each year from first_year to last_year",
}
"""What a table or view has instead of the values of a variable."""

_SO_FAR = "the years from the first loaded one to the year"

_DERIVED: Mapping[str, Callable[[str, Entry], Entry]] = {
    "_diff": _difference,
    "_mha": _area,
    "_diff_ha": _square_change,
    "_ha": _square_area,
    "_share": _share,
    "_tc": _emission("t C yr-1", "of the whole cell, the measure that may be summed"),
    "_tco2": _emission("t CO2 yr-1", "of the whole cell, as carbon dioxide; may be summed"),
    "_tco2_ha": _emission("t CO2 ha-1 yr-1", "as carbon dioxide; never to be summed"),
    "_mtc": _emission("Mt C yr-1", "sum over the stored cells"),
    "_pgc": _emission("Pg C yr-1", "sum over all stored cells"),
    "_pgco2": _emission("Pg CO2 yr-1", "sum over all stored cells, as carbon dioxide"),
    "_cumulative_pgc": _emission("Pg C", f"sum over all stored cells and {_SO_FAR}"),
    "_cumulative_pgco2": _emission(
        "Pg CO2", f"sum over all stored cells and {_SO_FAR}, as carbon dioxide"
    ),
    "_first_year": _emission("year", "first loaded year"),
    "_years": _emission("1", "number of years that were added up"),
}
"""How a suffix changes the meaning of the name before it."""

_BY_TRANSITIONS = {
    ("transition_net", "net"): (
        "gain less loss during the year, by the transitions",
        "the transitions file",
    ),
    ("mass_balance", "balance"): (
        "change between two states less net change by the transitions",
        "the states and transitions files",
    ),
}
"""Columns of land uses that the states may not have, by view and suffix."""


def _merged(
    scopes: Iterable[Mapping[str, Entry]], glossary: Mapping[str, Entry]
) -> Mapping[str, Entry]:
    merged = dict(glossary)
    for scope in reversed(list(scopes)):
        merged.update(scope)
    return merged
