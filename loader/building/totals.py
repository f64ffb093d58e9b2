"""The rows of eluc_total and state_total, added up while the rows are loaded.

A query that sums every cell of every year takes seconds; during the load the values are in memory
already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loader.building.groupsums import Groups, GroupSums
from loader.landuses import LandUses
from loader.regions.tables import RegionTables
from loader.schema import SUMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from loader.building.groupsums import BlockSums

__all__ = ["Totals"]

Int32 = npt.NDArray[np.int32]
Float64 = npt.NDArray[np.float64]

_TONNES_PER_MEGATONNE = 1e6
_HECTARES_PER_MEGAHECTARE = 1e6


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
    further : sequence of str
        Columns of eluc other than `eluc`.
    """

    def __init__(
        self,
        area_ha: Float64,
        regions: RegionTables | None = None,
        land_uses: LandUses | None = None,
        square: Int32 | None = None,
        further: Sequence[str] = (),
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
            "eluc": {name: (name,) for name in ("eluc", *further)},
            "state": {name: (name,) for name in uses.fractions} | SUMS,
        }
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
        """Return the rows of eluc_total: region, year and emission_mtc, in Mt C per year.

        Further products have a column <name>_mtc.
        """
        names = {name: f"{name}_mtc" for name in self._columns["eluc"]} | {"eluc": "emission_mtc"}
        return self._table("eluc", names, _TONNES_PER_MEGATONNE)

    def state_table(self) -> pa.Table:
        """Return the rows of state_total: region, year and <name>_mha, in million hectares."""
        names = {name: f"{name}_mha" for name in self._columns["state"]}
        return self._table("state", names, _HECTARES_PER_MEGAHECTARE)

    def _table(self, table: str, names: Mapping[str, str], unit: float) -> pa.Table:
        grown = self._grown[table]
        places = self._regions.groups
        # Regions without rows in a year are left out; the globe and the outside of a layer are not.
        keys = [
            (group, year)
            for group in range(1 + len(places))
            for year in sorted(grown.rows)
            if not group or places[group - 1].region_id is None or grown.rows[year][group]
        ]
        of_group = [places[group - 1] if group else None for group, _ in keys]
        columns = {
            "layer": pa.array([place and place.layer for place in of_group], pa.string()),
            "region_id": pa.array([place and place.region_id for place in of_group], pa.int32()),
            "year": pa.array([year for _, year in keys], pa.int16()),
        }
        for name, column in names.items():
            values = [grown.value(name, year, group) for group, year in keys]
            scaled = [None if value is None else value / unit for value in values]
            columns[column] = pa.array(scaled, pa.float64())
        return pa.table(columns)


class _Sums:
    """Sums and counts of some columns by year and group.

    Attributes
    ----------
    rows : dict of int to ndarray of float64, shape (groups,)
        Number of rows of each year, including those with missing values.
    """

    def __init__(self, groups: int) -> None:
        self.rows: dict[int, Float64] = {}
        self._groups = groups
        self._sums: dict[tuple[str, int], Float64] = {}
        self._counts: dict[tuple[str, int], Float64] = {}

    def add(self, sums: BlockSums) -> None:
        """Add the sums of a block."""
        for target, key, values in self._targets(sums):
            if key not in target:
                target[key] = np.zeros(self._groups)
            target[key] += values

    def _targets(self, sums: BlockSums) -> Iterator[tuple[dict[Any, Float64], Any, Float64]]:
        for offset, year in enumerate(sums.years):
            yield self.rows, year, sums.rows[offset]
            for name in sums.sums:
                yield self._sums, (name, year), sums.sums[name][offset]
                yield self._counts, (name, year), sums.counts[name][offset]

    def value(self, name: str, year: int, group: int) -> float | None:
        """Return the sum of a column: 0 without rows, None if it is missing in all rows."""
        if self._counts[name, year][group] or not self.rows[year][group]:
            return float(self._sums[name, year][group])
        return None
