"""Find the country or region that a user names among the regions of a database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loader.countries import FORMER, comparable_name, find_countries, similar_names
from loader.errors import UsageError
from loader.regions.layers import COUNTRY_LAYER, LUH2_COUNTRY_LAYER
from loader.storing.database import run_statement

if TYPE_CHECKING:
    import duckdb

    from loader.countries import Country

__all__ = ["NamedRegion", "find_country", "find_region", "has_countries"]


@dataclass(frozen=True)
class NamedRegion:
    """A region of a database.

    Attributes
    ----------
    region_id : int
    layer : str
    code : str or None
        Of a country ISO 3166-1 alpha-3.
    name : str
    country_code : int or None
        ISO 3166-1 numeric, or LUH2's own number.
    has_cells : bool
        Whether any cell of the grid is inside.
    """

    region_id: int
    layer: str
    code: str | None
    name: str
    country_code: int | None
    has_cells: bool

    @property
    def path(self) -> str:
        """Its layer and name, as the built-in queries compare them."""
        return f"{self.layer}/{self.name}"

    @property
    def title(self) -> str:
        """The name in a picture, where Sudan of the pre-1991 layer is not today's."""
        is_former = self.layer == LUH2_COUNTRY_LAYER
        return f"{self.name} (pre-1991 borders)" if is_former else self.name


def has_countries(con: duckdb.DuckDBPyConnection) -> bool:
    """Return whether any cell of a database is in a country."""
    return bool(run_statement(con, "count_countries")[0][0])


def find_country(con: duckdb.DuckDBPyConnection, asked: str) -> NamedRegion:
    """Return a country of today that has cells.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    asked : str
        Anything that `loader.countries.find_countries` understands, an ISO 3166-1 number, or a name
        as in the table `region`.

    Raises
    ------
    UsageError
        If the name is unknown or ambiguous, or if the country has no cell.
    """
    if not asked.strip():
        raise UsageError("--country is empty; use a name or an ISO code, for example Brazil or BRA")
    return _country_of_layer(con, asked, f"--country {asked!r}", COUNTRY_LAYER)


def find_region(
    con: duckdb.DuckDBPyConnection, asked: str, option: str = "--region"
) -> NamedRegion:
    """Return a region that has cells.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    asked : str
        LAYER/NAME, such as ``country/Brazil``: a layer of the database, and the name or code of one
        of its regions. Countries have the names that `find_country` takes.
    option : str
        What has this value, for messages.

    Raises
    ------
    UsageError
        If there is no such layer or region, or if the region has no cell.
    """
    what = f"{option} {asked!r}"
    layers = [layer for (layer,) in run_statement(con, "list_layers")]
    layer, slash, name = (part.strip() for part in asked.partition("/"))
    layer = layer.lower()
    if not slash or not name or layer not in layers:
        raise UsageError(f"{what} {_hint_at_layer(con, asked.strip(), layers)}")
    if layer in {COUNTRY_LAYER, LUH2_COUNTRY_LAYER}:
        return _country_of_layer(con, name, what, layer)
    return _region_of_layer(con, name, what, layer)


def _hint_at_layer(con: duckdb.DuckDBPyConnection, asked: str, layers: list[str]) -> str:
    """Return why a text is not LAYER/NAME, with the regions of that name."""
    known = f"the layers of this database are {', '.join(layers)}"
    key = comparable_name(asked)
    same = [
        f"{one.layer}/{one.name}"
        for one in _regions(con)
        if key and key in {comparable_name(one.name), comparable_name(one.code or "")}
    ]
    if not same and COUNTRY_LAYER in layers and len(find_countries(asked)) == 1:
        same = [f"{COUNTRY_LAYER}/{find_countries(asked)[0].name}"]
    hint = f"use {' or '.join(same[:3])}" if same else "use LAYER/NAME, such as country/Brazil"
    reason = "is not LAYER/NAME" if "/" not in asked else "names no layer and region"
    return f"{reason}; {hint}; {known}"


def _country_of_layer(
    con: duckdb.DuckDBPyConnection, asked: str, what: str, layer: str
) -> NamedRegion:
    word = asked.strip()
    regions = _regions(con, layer)
    # 1. A number: ISO's, or LUH2's own.
    if word.isascii() and word.isdigit():
        by_number = [one for one in regions if one.country_code == int(word)]
        if by_number:
            return _with_cells(by_number[0], what)
    # 2. A name or code in common use.
    meant = find_countries(word)
    by_code = {one.code: one for one in regions if one.code}
    if len(meant) > 1:
        options = " or ".join(f"{country.iso3} ({country.name})" for country in meant)
        raise UsageError(f"{what} is ambiguous; use {options}")
    if meant and meant[0].iso3 in by_code:
        return _with_cells(by_code[meant[0].iso3], what)
    # 3. A name of the layer that has no code, such as Somaliland.
    by_name = {comparable_name(one.name): one for one in regions}
    if comparable_name(word) in by_name:
        return _with_cells(by_name[comparable_name(word)], what)
    if not meant:
        near = similar_names(word, [one.name for one in regions if one.has_cells])
        hint = f"did you mean {' or '.join(near)}?" if near else "use an ISO code, for example BRA"
        raise UsageError(f"{what} is not a known country; {hint}")
    raise UsageError(f"{what}: {_why_not_there(meant[0], layer)}")


def _why_not_there(country: Country, layer: str) -> str:
    if country.iso3 in FORMER and layer == COUNTRY_LAYER:
        return (
            f"{country.name} is not a country of today; its cells are the region of that name in "
            f"the layer {LUH2_COUNTRY_LAYER} (--region '{LUH2_COUNTRY_LAYER}/{country.name}')"
        )
    if layer == LUH2_COUNTRY_LAYER:
        return f"the layer {layer}, which has pre-1991 borders, has no {country.name}"
    return f"no cell of this database is in {country.name}"


def _region_of_layer(
    con: duckdb.DuckDBPyConnection, asked: str, what: str, layer: str
) -> NamedRegion:
    regions = _regions(con, layer)
    key = comparable_name(asked)
    # The exact name first: names of one file may differ in case alone.
    found = (
        [one for one in regions if one.name == asked]
        or [one for one in regions if comparable_name(one.name) == key]
        or [one for one in regions if one.code is not None and comparable_name(one.code) == key]
    )
    if len(found) == 1:
        return _with_cells(found[0], what)
    if found:
        listed = ", ".join(f"{layer}/{one.name}" for one in found[:5])
        raise UsageError(f"{what} is ambiguous; use one of {listed}")
    names = [one.name for one in regions]
    near = similar_names(asked, names)
    hint = f"did you mean {' or '.join(near)}?" if near else f"it has {_listed(names)}"
    raise UsageError(f"{what}: the layer {layer} has no such region; {hint}")


def _listed(names: list[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def _with_cells(region: NamedRegion, what: str) -> NamedRegion:
    if region.has_cells:
        return region
    raise UsageError(f"{what}: no cell of this database is in {region.name}")


def _regions(con: duckdb.DuckDBPyConnection, layer: str | None = None) -> list[NamedRegion]:
    return [NamedRegion(*row) for row in run_statement(con, "list_regions", {"layer": layer})]
