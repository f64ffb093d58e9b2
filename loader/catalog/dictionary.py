"""What every column means: unit, description and origin, for comments and the data dictionary.

Columns of luc-load's own are in the glossary sql/columns.toml, where the same name means the same
in every table; a file's variables speak for themselves; `<name>_diff`, `<name>_mha` and
`<name>_share` follow from `<name>`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from loader.catalog.sqlfiles import folder
from loader.errors import SqlFileError
from loader.schema import FURTHER_LAND_USE, LAND_USE, Variable

__all__ = ["UNKNOWN_UNIT", "Entry", "column_entry", "glossary", "variable_entry"]

UNKNOWN_UNIT = "unknown"
"""The unit of a variable whose file gives none."""

_LAND_USE = LAND_USE | FURTHER_LAND_USE


@dataclass(frozen=True)
class Entry:
    """What one column means.

    Attributes
    ----------
    unit : str
        UDUNITS where there is one, "1" for a pure number, "text" for names and codes.
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
            raise SqlFileError(f"{place}: {name}: expected the texts {', '.join(sorted(fields))}")
    return {name: Entry(**entry) for name, entry in entries.items()}


def variable_entry(variable: Variable, source: str) -> Entry:
    """Describe a variable of a file; `source` says which file."""
    return Entry(
        variable.units or UNKNOWN_UNIT,
        variable.long_name or variable.standard_name or f"variable {variable.name} of the file",
        f"{variable.name} of {source}",
    )


def column_entry(
    column: str, scopes: Iterable[Mapping[str, Entry]], glossary: Mapping[str, Entry]
) -> Entry:
    """Find what a column means.

    Parameters
    ----------
    column : str
        Its name.
    scopes : Iterable of Mapping
        The variables that the column's table or view has, of the most important table first.
    glossary : Mapping
        What `glossary` returned.

    Raises
    ------
    SqlFileError
        If nothing describes it.
    """
    known = _merged(scopes, glossary)
    if column in known:
        return known[column]
    if (name := column.removesuffix("_diff")) in known and name != column:
        base = known[name]
        return Entry(base.unit, f"change between two years of: {base.description}", base.source)
    if (name := column.removesuffix("_mha")) in known and name != column:
        base = known[name]
        return Entry("Mha", f"area over all stored cells of: {base.description}", base.source)
    if (name := column.removesuffix("_share")) in known and name != column:
        base = known[name]
        text = f"share of the cell's land, ice and water left out, of: {base.description}"
        return Entry("1", text, f"{base.source}; icwtr of LUH2 staticData_quarterdeg.nc")
    if (name := column.removesuffix("_net")) != column:
        what = _LAND_USE.get(name, name)
        text = f"gain less loss in the course of the year, by the transitions, of: {what}"
        return Entry("1", text, "X_to_Y, primf_harv and primn_harv of LUH2 transitions.nc")
    if (name := column.removesuffix("_balance")) != column:
        what = _LAND_USE.get(name, name)
        text = f"change between two states less net change by the transitions, of: {what}"
        return Entry("1", text, "LUH2 states.nc and transitions.nc")
    raise SqlFileError(f"sql/columns.toml has no entry for the column {column!r}")


def _merged(
    scopes: Iterable[Mapping[str, Entry]], glossary: Mapping[str, Entry]
) -> Mapping[str, Entry]:
    merged = dict(glossary)
    for scope in reversed(list(scopes)):
        merged.update(scope)
    return merged
