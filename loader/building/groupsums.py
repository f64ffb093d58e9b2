"""Sums of rows by year and by group or square of cells. Nothing here keeps any state.

A group is a set of cells with their shares: the globe, a country, a region of a layer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

__all__ = ["GLOBE", "BlockSums", "GroupSums", "Groups", "SquareSums"]

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

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
    sums : dict of str to ndarray of float64, shape (years, groups)
        By column: value times area times share.
    missing : dict of str to ndarray of float64, shape (years, groups)
        By column: the number of rows without the value. Columns of which every row has the value,
        which are most, are left out.
    squares : SquareSums or None
        The sums by square, if the cells are divided into squares.
    """

    years: tuple[int, ...]
    rows: Float64
    sums: dict[str, Float64] = field(default_factory=dict)
    missing: dict[str, Float64] = field(default_factory=dict)
    squares: SquareSums | None = None

    def of_year(self, number: int) -> BlockSums:
        """Return a copy of the sums of the year at a position, without squares."""

        def cut(values: Mapping[str, Float64]) -> dict[str, Float64]:
            return {name: of_name[number : number + 1].copy() for name, of_name in values.items()}

        missing = {name: counts for name, counts in cut(self.missing).items() if counts.any()}
        rows = self.rows[number : number + 1].copy()
        return BlockSums((self.years[number],), rows, cut(self.sums), missing)

    def plus(self, other: BlockSums) -> BlockSums:
        """Return the sums of this block and of other rows of the same years, without squares."""
        none = np.zeros_like(self.rows)

        def added(mine: Mapping[str, Float64], others: Mapping[str, Float64]) -> dict[str, Float64]:
            return {n: mine.get(n, none) + others.get(n, none) for n in {**mine, **others}}

        return BlockSums(
            self.years,
            self.rows + other.rows,
            added(self.sums, other.sums),
            added(self.missing, other.missing),
        )


@dataclass(frozen=True)
class SquareSums:
    """The sums of one block by year and square.

    Attributes
    ----------
    squares : ndarray of int32, shape (squares,)
        Squares with at least one row in any year, ascending.
    rows : ndarray of float64, shape (years, squares)
        Number of rows.
    sums : dict of str to ndarray of float64, shape (years, squares)
        By column: value times area; NaN where no row has a value.
    """

    squares: Int32
    rows: Float64
    sums: dict[str, Float64]


class GroupSums:
    """Sum rows by year, group and square. Immutable, so any thread may use it.

    Most neighbouring cells are entirely in the same groups. All cells of one square that are
    entirely in the same groups form one kind. Rows are summed once, by kind; the sums of squares
    and groups are sums over kinds. Only cells that are divided between groups are taken one by one.

    Parameters
    ----------
    area_ha : ndarray of float64, shape (n_cells,)
    groups : Groups
    square : ndarray of int32, shape (n_cells,), optional
        The square of each cell, from 0; without it there are no sums by square.
    """

    def __init__(self, area_ha: Float64, groups: Groups, square: Int32 | None = None) -> None:
        whole = groups.share == 1
        self._area_ha = area_ha
        self._groups = groups.count
        cell, group = groups.cell[whole], groups.group[whole]
        kind: Int64 = _kinds(cell, group, len(area_ha), groups.count).astype(np.int64)
        if square is not None:
            kind = _renumbered(kind * (int(square.max(initial=0)) + 1) + square)
        self._kind = kind.astype(np.intp)
        self._kinds = int(self._kind.max(initial=0)) + 1
        # All cells of a kind are in the same groups: one example of each kind is enough.
        example = np.empty(self._kinds, np.int64)
        example[self._kind] = np.arange(len(area_ha))
        chosen = example[self._kind[cell]] == cell
        self._to_group = np.concatenate([np.full(self._kinds, GLOBE), group[chosen]])
        self._from_kind = np.concatenate([np.arange(self._kinds), self._kind[cell[chosen]]])
        self._square_of_kind = None if square is None else square[example]
        # The entries of divided cells lie one after the other, by cell.
        by_cell = np.lexsort((groups.group[~whole], groups.cell[~whole]))
        self._part_group = groups.group[~whole][by_cell].astype(np.intp)
        self._part_share = groups.share[~whole][by_cell]
        self._parts = np.bincount(groups.cell[~whole], minlength=len(area_ha))
        self._first_part = np.cumsum(self._parts) - self._parts
        self._is_divided = self._parts > 0

    def of_rows(self, rows: pa.Table, columns: Mapping[str, tuple[str, ...]]) -> BlockSums:
        """Return the sums of a block's rows.

        Parameters
        ----------
        rows : pyarrow.Table
        columns : mapping of str to tuple of str
            Name of each sum, and the columns of `rows` that it adds. Squares have the sums of
            single columns only.
        """
        cell_id, year = rows.column("cell_id").to_numpy(), rows.column("year").to_numpy()
        names = dict.fromkeys(part for parts in columns.values() for part in parts)
        values = {name: _float32(rows, name) for name in names}
        years = _Years(year)
        # 1. Number the kinds that have rows: on land a quarter of all.
        kinds = self._kinds_of(cell_id)
        number = np.full(self._kinds, -1, np.intp)
        number[kinds] = np.arange(kinds.size)
        number_of_cell = number[self._kind]
        of_kinds = _KeySums((years.count, kinds.size), columns)
        of_parts = _KeySums((years.count, self._groups), columns)
        # 2. Sum by year and kind, and the divided cells by year and group.
        for start in range(0, rows.num_rows, _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            cells, position = cell_id[part], years.position(year[part])
            keys = of_kinds.keys(position, number_of_cell[cells])
            divided = np.flatnonzero(self._is_divided[cells])
            taken, entries = self._entries(cells[divided])
            taken = divided[taken]
            groups = of_parts.keys(position[taken], self._part_group[entries])
            shares = self._part_share[entries]
            area_ha = self._area_ha[cells]
            for name, parts in columns.items():
                weighted = _total([values[column][part] for column in parts]) * area_ha
                of_kinds.add(name, keys, weighted)
                if taken.size:
                    of_parts.add(name, groups, weighted[taken] * shares)
        # 3. Turn the sums by kind into sums by square and by group.
        squares = self._of_squares(kinds, of_kinds, columns)
        return self._of_groups(years.years, number, of_kinds, of_parts, squares)

    def _kinds_of(self, cell_id: Int32) -> npt.NDArray[np.intp]:
        """Return the kinds of some cells, ascending."""
        there = np.zeros(self._kinds, np.bool_)
        for start in range(0, len(cell_id), _ROWS_AT_ONCE):
            there[self._kind[cell_id[start : start + _ROWS_AT_ONCE]]] = True
        return np.flatnonzero(there)

    def _entries(self, cells: Int32) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Return, for every entry of some cells, the position of the cell and of the entry."""
        count = self._parts[cells]
        taken = np.repeat(np.arange(cells.size), count)
        within = np.arange(taken.size) - np.repeat(np.cumsum(count) - count, count)
        return taken, np.repeat(self._first_part[cells], count) + within

    def _of_groups(
        self,
        years: tuple[int, ...],
        number: npt.NDArray[np.intp],
        of_kinds: _KeySums,
        of_parts: _KeySums,
        squares: SquareSums | None,
    ) -> BlockSums:
        """Add up kinds by group, and the parts of divided cells; `number` is that of each kind."""
        there = number[self._from_kind] >= 0
        kinds, groups = number[self._from_kind[there]], self._to_group[there]

        def by_group(of_kind: Float64, of_part: Float64) -> Float64:
            sums = [np.bincount(groups, row[kinds], self._groups) for row in of_kind]
            return np.stack(sums) + of_part

        rows = by_group(of_kinds.rows, of_parts.rows)
        sums = {n: by_group(of_kind, of_parts.sums[n]) for n, of_kind in of_kinds.sums.items()}
        # A divided cell has one kind too, so that its missing values are among those of kinds.
        none = np.zeros_like(rows)
        missing = {
            name: by_group(of_kind, of_parts.missing.get(name, none))
            for name, of_kind in of_kinds.missing.items()
        }
        return BlockSums(years, rows, sums, missing, squares)

    def _of_squares(
        self,
        kinds: npt.NDArray[np.intp],
        of_kinds: _KeySums,
        columns: Mapping[str, tuple[str, ...]],
    ) -> SquareSums | None:
        """Add up kinds by square."""
        if self._square_of_kind is None:
            return None
        squares, square = np.unique(self._square_of_kind[kinds], return_inverse=True)

        def by_square(of_kind: Float64) -> Float64:
            return np.stack([np.bincount(square, row, squares.size) for row in of_kind])

        rows = by_square(of_kinds.rows)
        sums = {}
        for name in (name for name, parts in columns.items() if parts == (name,)):
            missing = of_kinds.missing.get(name)
            present = rows if missing is None else rows - by_square(missing)
            sums[name] = np.where(present > 0, by_square(of_kinds.sums[name]), np.nan)
        return SquareSums(squares.astype(np.int32), rows, sums)


class _Years:
    """The years of a block, and the position of each row's year among them.

    Attributes
    ----------
    years : tuple of int
        Calendar years, ascending.
    """

    def __init__(self, year: npt.NDArray[np.int16]) -> None:
        self._first = int(year.min())
        there = np.zeros(int(year.max()) - self._first + 1, np.bool_)
        for start in range(0, len(year), _ROWS_AT_ONCE):
            there[year[start : start + _ROWS_AT_ONCE].astype(np.intp) - self._first] = True
        self.years = tuple((np.flatnonzero(there) + self._first).tolist())
        self._position = np.cumsum(there) - 1

    @property
    def count(self) -> int:
        """Number of years."""
        return len(self.years)

    def position(self, year: npt.NDArray[np.int16]) -> npt.NDArray[np.intp]:
        """Return the position of the years of some rows."""
        positions: npt.NDArray[np.intp] = self._position[year.astype(np.intp) - self._first]
        return positions


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


@dataclass(frozen=True)
class _Keys:
    """The keys of some rows, few and numbered from 0.

    Attributes
    ----------
    keys : ndarray of intp, shape (keys,)
        Indices into flat arrays, ascending.
    number : ndarray of intp, shape (rows,)
        The number of each row's key.
    """

    keys: npt.NDArray[np.intp]
    number: npt.NDArray[np.intp]

    def sum(self, weights: npt.NDArray[Any] | None = None) -> Float64:
        """Return the sum of the rows' weights, or their number, by key."""
        sums = np.bincount(self.number, weights, self.keys.size)
        return sums.astype(np.float64, copy=False)


class _KeySums:
    """Sums by year and key: a kind or a group; `shape` is (years, keys).

    Attributes
    ----------
    rows : ndarray of float64, shape (years, keys)
        Number of rows.
    sums, missing : dict of str to ndarray of float64, shape (years, keys)
        By name: value times area, and the number of rows without a value. A name of which every
        row has a value is not in `missing`.
    """

    def __init__(self, shape: tuple[int, int], names: Iterable[str]) -> None:
        # Filled, not np.zeros: a page that is first read and then written faults twice.
        self.rows: Float64 = np.full(shape, 0.0)
        self.sums: dict[str, Float64] = {name: np.full(shape, 0.0) for name in names}
        self.missing: dict[str, Float64] = {}
        # Scratch space of `keys`: which keys there are, and their numbers.
        self._there = np.full(self.rows.size, False)
        self._number = np.full(self.rows.size, 0, np.intp)

    def keys(self, position: npt.NDArray[np.intp], key: npt.NDArray[np.intp]) -> _Keys:
        """Return the numbered keys of some rows, and count the rows."""
        # Neighbouring cells have few kinds, so that the sums by number stay in the cache.
        keys = position * np.intp(self.rows.shape[1]) + key
        self._there[keys] = True
        distinct = np.flatnonzero(self._there)
        self._there[distinct] = False
        self._number[distinct] = np.arange(distinct.size)
        numbered = _Keys(distinct, self._number[keys])
        self.rows.reshape(-1)[distinct] += numbered.sum()
        return numbered

    def add(self, name: str, keys: _Keys, weighted: Float64) -> None:
        """Add value times area of rows, NaN where a value is missing."""
        total = keys.sum(weighted)
        # NaN values are rare, and the sums show whether there are any.
        if np.isnan(total).any():
            absent = np.isnan(weighted)
            total = keys.sum(np.where(absent, 0.0, weighted))
            missing = self.missing.setdefault(name, np.zeros_like(self.rows))
            missing.reshape(-1)[keys.keys] += keys.sum(absent)
        self.sums[name].reshape(-1)[keys.keys] += total


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
