"""The rows of eluc_total and state_total, added up while the rows are loaded.

A query that sums every cell of every year takes seconds; during the load the values are in memory
already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loader.building.groupsums import Groups, GroupSums
from loader.catalog.products import emission_columns
from loader.landuses import LandUses
from loader.regions.tables import RegionTables
from loader.schema import SUMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loader.building.groupsums import BlockSums
    from loader.catalog.products import EmissionColumn

__all__ = ["Totals"]

Int32 = npt.NDArray[np.int32]
Float64 = npt.NDArray[np.float64]

_TONNES_PER_MEGATONNE = 1e6
_HECTARES_PER_MEGAHECTARE = 1e6
_FIRST = emission_columns()


class Totals:
    """Accumulates the rows of eluc_total and state_total.

    The sums of a block depend on its rows only and may be computed in any thread. They are added
    in the order of blocks, by the lane that has the turn, so that totals are reproducible to the
    last bit.

    Parameters
    ----------
    area_ha : ndarray of float64, shape (n_cells,)
        Hectares.
    regions : RegionTables, optional
        Regions that get totals in addition to the globe.
    land_uses : LandUses, optional
        Land uses of the build, whose columns of state are summed; those of LUH2 by default.
    square : ndarray of int32, shape (n_cells,), optional
        The square of each cell, from 0; without it there are no sums by square.
    emissions : sequence of EmissionColumn
        The products of emissions.
    """

    def __init__(
        self,
        area_ha: Float64,
        regions: RegionTables | None = None,
        land_uses: LandUses | None = None,
        square: Int32 | None = None,
        emissions: Sequence[EmissionColumn] = _FIRST,
    ) -> None:
        self._regions = regions or RegionTables((), area_ha)
        groups = Groups(
            self._regions.cells,
            self._regions.members + np.int32(1),
            self._regions.weights,
            1 + len(self._regions.groups),
        )
        self._adder = GroupSums(area_ha, groups, square)
        uses = land_uses or LandUses()
        self._columns: dict[str, dict[str, tuple[str, ...]]] = {
            "eluc": {one.column: (one.column,) for one in emissions},
            "state": {name: (name,) for name in uses.fractions} | SUMS,
        }
        self._emissions = tuple(emissions)
        self._grown = {table: _Sums(groups.count) for table in self._columns}

    def sums_of(self, table: str, rows: pa.Table) -> BlockSums | None:
        """Return the sums of the rows of a block.

        Parameters
        ----------
        table : str
        rows : pyarrow.Table
            Columns cell_id, year and float32 values, NULL where missing.

        Returns
        -------
        BlockSums or None
            None for tables other than eluc and state, which have no totals.
        """
        if table not in self._columns or not rows.num_rows:
            return None
        return self._adder.of_rows(rows, self._columns[table])

    def add(self, table: str, sums: BlockSums | None) -> None:
        """Add the sums of a block; must be called in the order of blocks."""
        if sums is not None:
            self._grown[table].add(sums)

    def eluc_table(self) -> pa.Table:
        """Return the rows of eluc_total: region, year and <measure>_mtc, in Mt C per year."""
        names = {one.column: f"{one.measure}_mtc" for one in self._emissions}
        return self._table("eluc", names, _TONNES_PER_MEGATONNE)

    def state_table(self) -> pa.Table:
        """Return the rows of state_total: region, year and <name>_mha, in million hectares."""
        names = {name: f"{name}_mha" for name in self._columns["state"]}
        return self._table("state", names, _HECTARES_PER_MEGAHECTARE)

    def _table(self, table: str, names: Mapping[str, str], unit: float) -> pa.Table:
        grown = self._grown[table]
        years = np.array(sorted(grown.years), np.int16)
        places = self._regions.groups
        # 1. Regions without rows in a year are left out; the globe and the outside of a layer are
        #    not. Rows are ordered by group, then by year.
        is_region = np.array([False, *(place.region_id is not None for place in places)])
        rows = grown.rows()
        keep = (~is_region[:, np.newaxis]) | (rows > 0)
        group, year = np.nonzero(keep)
        layers = pa.array([None, *(place.layer for place in places)], pa.string())
        region_ids = pa.array([None, *(place.region_id for place in places)], pa.int32())
        columns = {
            "layer": layers.take(pa.array(group)),
            "region_id": region_ids.take(pa.array(group)),
            "year": pa.array(years[year]),
        }
        # 2. A sum is 0 without rows, and NULL if the value is missing in all rows.
        for name, column in names.items():
            is_null = (rows > 0) & (rows == grown.missing(name))
            columns[column] = pa.array(grown.sums(name)[keep] / unit, mask=is_null[keep])
        return pa.table(columns)


class _Sums:
    """The sums of all blocks of a table by year and group.

    Attributes
    ----------
    years : dict of int to BlockSums
        The sums of each calendar year, with one year each.
    """

    def __init__(self, groups: int) -> None:
        self.years: dict[int, BlockSums] = {}
        self._groups = groups

    def add(self, sums: BlockSums) -> None:
        """Add the sums of a block."""
        for number, year in enumerate(sums.years):
            part = sums.of_year(number)
            before = self.years.get(year)
            self.years[year] = part if before is None else before.plus(part)

    def rows(self) -> Float64:
        """Return the number of rows, shape (groups, years)."""
        return self._matrix([self.years[year].rows for year in sorted(self.years)])

    def sums(self, name: str) -> Float64:
        """Return the sums of a column, shape (groups, years)."""
        return self._matrix([self.years[year].sums[name] for year in sorted(self.years)])

    def missing(self, name: str) -> Float64:
        """Return the number of rows without a value, shape (groups, years)."""
        none = np.zeros((1, self._groups))
        of_years = [self.years[year].missing.get(name, none) for year in sorted(self.years)]
        return self._matrix(of_years)

    def _matrix(self, of_years: list[Float64]) -> Float64:
        return np.concatenate(of_years).T if of_years else np.zeros((self._groups, 0))
