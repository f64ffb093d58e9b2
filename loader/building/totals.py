"""Sums over groups of cells by year, computed while the rows are loaded.

A query that sums every cell of every year takes seconds; during the load the values are in memory
already. A group is a set of cells with their shares: the globe, a country, a region of a layer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loader.landuses import LandUses
from loader.regions.tables import RegionTables
from loader.schema import SUMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["BlockSums", "GroupSums", "Groups", "Totals"]

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

_TONNES_PER_MEGATONNE = 1e6
_HECTARES_PER_MEGAHECTARE = 1e6

_ROWS_AT_ONCE = 65_536
"""Small enough for the processor's cache, large enough that call overhead is negligible."""

GLOBE = 0
"""The group of all cells, which every `Groups` has."""


@dataclass(frozen=True)
class Groups:
    """Which cells are summed together: a sparse matrix of shares, of cells by groups.

    Attributes
    ----------
    cell : ndarray of int32, shape (n,)
        Cells in any order; a cell may be in many groups, but only once in each.
    group : ndarray of int32, shape (n,)
        Group of each entry, from 1. Group 0 is the globe, which has no entries.
    share : ndarray of float64, shape (n,)
        Share of the cell's area that is in the group, in (0, 1].
    count : int
        Number of groups, including the globe.
    """

    cell: Int32
    group: Int32
    share: Float64
    count: int


@dataclass(frozen=True)
class BlockSums:
    """The sums of one block by year and group.

    Attributes
    ----------
    years : tuple of int
        Calendar years, ascending.
    rows : ndarray of float64, shape (years, groups)
        Number of rows, including those with missing values.
    sums, counts : dict of str to ndarray of float64, shape (years, groups)
        By column: value times area times share, and the number of rows that have the value.
    """

    years: tuple[int, ...]
    rows: Float64
    sums: dict[str, Float64] = field(default_factory=dict)
    counts: dict[str, Float64] = field(default_factory=dict)


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
    """

    def __init__(
        self,
        area_ha: Float64,
        regions: RegionTables | None = None,
        land_uses: LandUses | None = None,
    ) -> None:
        self._regions = regions or RegionTables((), area_ha)
        groups = Groups(
            self._regions.cells,
            self._regions.members + np.int32(1),
            self._regions.weights,
            1 + len(self._regions.groups),
        )
        self._adder = GroupSums(area_ha, groups)
        uses = land_uses or LandUses()
        self._columns: dict[str, dict[str, tuple[str, ...]]] = {
            "eluc": {"eluc": ("eluc",)},
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
        """Return the rows of eluc_total: region, year and emission_mtc, in Mt C per year."""
        return self._table("eluc", {"eluc": "emission_mtc"}, _TONNES_PER_MEGATONNE)

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


class GroupSums:
    """Sum rows by year and group. Immutable, so any thread may use it.

    Most neighbouring cells are entirely in the same groups. All cells that are entirely in the
    same groups form one kind. Runs of rows of one year and kind are summed in place, without
    gathering them, and the few sums by kind are added to those of the groups. Only cells that are
    divided between groups are gathered one by one.

    Parameters
    ----------
    area_ha : ndarray of float64, shape (n_cells,)
    groups : Groups
    """

    def __init__(self, area_ha: Float64, groups: Groups) -> None:
        whole = groups.share == 1
        self._area_ha = area_ha
        self._groups = groups.count
        cell, group = groups.cell[whole], groups.group[whole]
        self._kind = _kinds(cell, group, len(area_ha), groups.count)
        self._kinds = int(self._kind.max(initial=0)) + 1
        # All cells of a kind are in the same groups: one example of each kind is enough.
        example = np.empty(self._kinds, np.int64)
        example[self._kind] = np.arange(len(area_ha))
        chosen = example[self._kind[cell]] == cell
        self._to_group = np.concatenate([np.full(self._kinds, GLOBE), group[chosen]])
        self._from_kind = np.concatenate([np.arange(self._kinds), self._kind[cell[chosen]]])
        by_group = np.lexsort((groups.cell[~whole], groups.group[~whole]))
        self._part_cell = groups.cell[~whole][by_group]
        self._part_group = groups.group[~whole][by_group]
        self._part_area = groups.share[~whole][by_group] * area_ha[self._part_cell]

    def of_rows(self, rows: pa.Table, columns: Mapping[str, tuple[str, ...]]) -> BlockSums:
        """Return the sums of a block's rows.

        Parameters
        ----------
        rows : pyarrow.Table
        columns : mapping of str to tuple of str
            Name of each sum, and the columns of `rows` that it adds.
        """
        cell_id = rows.column("cell_id").to_numpy()
        years, position = _years(rows.column("year").to_numpy())
        names = {part for parts in columns.values() for part in parts}
        values = {name: _float32(rows, name) for name in names}
        shape = len(years), self._kinds
        # 1. Sum by year and kind, in slices that fit into the processor's cache.
        of_rows = np.zeros(shape)
        sums = {name: np.zeros(shape) for name in columns}
        missing = {name: np.zeros(shape) for name in columns}
        for start in range(0, rows.num_rows, _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            cells = cell_id[part]
            runs = _Runs(position[part], self._kind[cells], shape)
            area_ha = self._area_ha[cells]
            of_rows += runs.rows
            for name, parts in columns.items():
                weighted = _total([values[column][part] for column in parts]) * area_ha
                runs.add(weighted, sums[name], missing[name])
        # 2. Turn the sums by kind into sums by group, and add the divided cells.
        present = {name: of_rows - missing[name] for name in columns}
        result = BlockSums(
            tuple(int(year) for year in years),
            self._of_groups(of_rows),
            {name: self._of_groups(sums[name]) for name in columns},
            {name: self._of_groups(present[name]) for name in columns},
        )
        if len(self._part_cell):
            self._add_parts(result, cell_id, position, values, columns)
        return result

    def _of_groups(self, of_kinds: Float64) -> Float64:
        """Return sums by group from sums by kind; `of_kinds` has the shape (years, kinds)."""
        return np.stack(
            [np.bincount(self._to_group, row[self._from_kind], self._groups) for row in of_kinds]
        )

    def _add_parts(
        self,
        result: BlockSums,
        cell_id: Int32,
        position: Int32,
        values: Mapping[str, npt.NDArray[np.float32]],
        columns: Mapping[str, tuple[str, ...]],
    ) -> None:
        """Add the cells that are divided between groups, year by year."""
        # The row of each cell in the year, -1 where it has none, finds the rows of the entries.
        row_of_cell = np.empty(len(self._area_ha), np.int64)
        for year in range(len(result.years)):
            row_of_cell.fill(-1)
            rows = np.flatnonzero(position == year)
            row_of_cell[cell_id[rows]] = rows
            taken = row_of_cell[self._part_cell]
            there = taken >= 0
            taken, area_ha, group = taken[there], self._part_area[there], self._part_group[there]
            result.rows[year] += np.bincount(group, minlength=self._groups)
            for name, parts in columns.items():
                weighted = _total([values[column][taken] for column in parts]) * area_ha
                known = ~np.isnan(weighted)
                present = np.where(known, weighted, 0.0)
                result.sums[name][year] += np.bincount(group, present, self._groups)
                result.counts[name][year] += np.bincount(group, known, self._groups)


def _years(year: npt.NDArray[np.int16]) -> tuple[Int32, Int32]:
    """Return the calendar years, ascending, and the position of each row's year among them."""
    first = int(year.min())
    offset = year.astype(np.int32) - first
    there = np.bincount(offset) > 0
    positions = np.cumsum(there, dtype=np.int32) - np.int32(1)
    return np.flatnonzero(there).astype(np.int32) + np.int32(first), positions[offset]


def _kinds(cell: Int32, group: Int32, n_cells: int, count: int) -> Int32:
    """Return the kind of each cell, equal for cells in the same groups, shape (n_cells,)."""
    kind = np.zeros(n_cells, np.int64)
    if not len(cell):
        return kind.astype(np.int32)
    if not (cell[1:] > cell[:-1]).all():
        order = np.lexsort((group, cell))
        cell, group = cell[order], group[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(cell)) + 1])
    lengths = np.diff(starts, append=len(cell))
    # Round k adds the k-th group of every cell to its kind, read as digits in base `count`.
    for number in range(int(lengths.max())):
        entry = starts[lengths > number] + number
        kind *= count
        kind[cell[entry]] += group[entry]
        kind = _renumbered(kind)
    return kind.astype(np.int32)


def _renumbered(numbers: Int64) -> Int64:
    """Return the numbers renumbered without gaps, in the same order."""
    if numbers.max() < 2 * len(numbers):
        return (np.cumsum(np.bincount(numbers) > 0) - 1)[numbers]
    return np.unique(numbers, return_inverse=True)[1].reshape(-1)


class _Runs:
    """Runs of consecutive rows of one year and kind; `shape` is (years, kinds)."""

    def __init__(self, year: Int32, kind: Int32, shape: tuple[int, int]) -> None:
        self._shape = shape
        key = year * np.int32(shape[1]) + kind
        self._starts = np.concatenate([[0], np.flatnonzero(key[1:] != key[:-1]) + 1])
        self._keys = key[self._starts]
        self.rows = self._by_key(np.diff(self._starts, append=len(key)).astype(np.float64))

    def add(self, values: Float64, sums: Float64, missing: Float64) -> None:
        """Add values to `sums` by year and kind, and the number of NaN values to `missing`."""
        totals = self._by_key(np.add.reduceat(values, self._starts))
        # NaN values are rare, and the sums show whether there are any.
        if np.isnan(totals).any():
            absent = np.isnan(values)
            totals = self._by_key(np.add.reduceat(np.where(absent, 0.0, values), self._starts))
            missing += self._by_key(np.add.reduceat(absent.astype(np.float64), self._starts))
        sums += totals

    def _by_key(self, of_runs: Float64) -> Float64:
        size = self._shape[0] * self._shape[1]
        totals: Float64 = np.bincount(self._keys, of_runs, size).astype(np.float64, copy=False)
        return totals.reshape(self._shape)


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


def _total(parts: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Return the sum of columns as the view land_use has it: added as DOUBLE, stored as REAL."""
    if len(parts) == 1:
        return parts[0]
    total = parts[0].astype(np.float64)
    for part in parts[1:]:
        total += part
    return total.astype(np.float32)


def _float32(rows: pa.Table, name: str) -> npt.NDArray[np.float32]:
    """Return a column as float32, NULL as NaN."""
    values: npt.NDArray[np.float32] = rows.column(name).to_numpy()
    return values.astype(np.float32, copy=False)
