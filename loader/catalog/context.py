"""What the files of sql/ are rendered with: the grid and the variables of a build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from loader.catalog.dictionary import Entry, variable_entry
from loader.catalog.products import (
    EmissionColumn,
    EmissionProduct,
    ProductColumn,
    emission_columns,
)
from loader.grid import Grid
from loader.landuses import LandUses, land_uses_of
from loader.schema import ELUC, SOURCES, Variable

__all__ = ["SchemaContext"]


@dataclass(frozen=True)
class SchemaContext:
    """The variables with which the files of sql/ are rendered.

    Attributes
    ----------
    grid : Grid
        The grid of the build.
    variables : Mapping of str to tuple of Variable
        The variables loaded into each gridded table. `open_source` ensures that names are unique
        and not in `RESERVED`. If left out, eluc and state are empty and have those of `SOURCES`;
        transition, management and the objects that need them do not exist.
    sources : Mapping of str to str
        A short description of the source of each gridded table; the default is the title in
        `SOURCES`.
    product : EmissionProduct
        Which emissions the table eluc holds.
    materialized : tuple of str
        Views that are stored as tables; their definitions are views in the schema meta.
    further : tuple of ProductColumn
        The columns of eluc other than `eluc`.
    box : str
        The box that was loaded, as --bbox has it; "" for the whole grid of the files.
    has_series : bool
        Whether the emissions are stored as series too, which views then join instead of eluc. They
        rely on a value in every row of eluc, and on a row of state for each of its cells and years.
    """

    grid: Grid
    variables: Mapping[str, tuple[Variable, ...]] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    product: EmissionProduct = field(default_factory=EmissionProduct)
    materialized: tuple[str, ...] = ()
    further: tuple[ProductColumn, ...] = ()
    box: str = ""
    has_series: bool = False

    @cached_property
    def columns(self) -> dict[str, tuple[Variable, ...]]:
        """The variables of every gridded table."""
        known = {source.table: source.variables for source in SOURCES.values()}
        return known | dict(self.variables)

    @cached_property
    def land_uses(self) -> LandUses:
        """The land uses of the loaded files, and the moves between them."""
        state = (variable.column for variable in self.columns["state"])
        transition = (variable.column for variable in self.variables.get("transition", ()))
        return land_uses_of(state, transition)

    @cached_property
    def emissions(self) -> tuple[EmissionColumn, ...]:
        """The products of emissions, the first one first."""
        return emission_columns(one.column for one in self.further)

    @cached_property
    def titles(self) -> dict[str, str]:
        """The description of the source of every gridded table."""
        return {source.table: source.title for source in SOURCES.values()} | dict(self.sources)

    @cached_property
    def entries(self) -> dict[str, dict[str, Entry]]:
        """The meanings of the columns of every gridded table."""
        return {
            table: {v.column: self._entry(v, self.titles[table]) for v in variables}
            for table, variables in self.columns.items()
        }

    def _entry(self, variable: Variable, title: str) -> Entry:
        entry = variable_entry(variable, title)
        if variable.column == ELUC.column:
            return replace(entry, description=self.product.quantity)
        for one in self.further:
            if variable.column == one.column:
                source = f"{variable.name} of {one.title}"
                return replace(entry, description=one.quantity, source=source)
        return entry
