"""Read a block: from boxes of a file to the rows of a table, in the order of storage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.errors import BadValueError
from loader.reading.decoding import IMPLAUSIBLE
from loader.reading.order import BandOrder
from loader.reading.source import Slab

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loader.reading.plan import Block
    from loader.reading.source import GriddedSource
    from loader.reading.survey import CellSurvey

__all__ = ["BlockReader", "CellRule", "Rows"]

Bool = npt.NDArray[np.bool_]
Float32 = npt.NDArray[np.float32]


@dataclass
class CellRule:
    """Which cells of a source are stored; what it learns while reading stays.

    Attributes
    ----------
    has_value : ndarray of bool, shape (n_cells,)
        Cells in which a variable that decides (`GriddedSource.deciding`) has a value in some year
        read so far.
    stored : ndarray of bool, shape (n_cells,), or None
        The cells to store; None stores those that have a value.
    only : ndarray of bool, shape (n_cells,), or None
        Further restriction, as by the land mask.
    keep_empty : bool
        Whether a row is stored even when all variables that decide are missing.
    """

    has_value: Bool
    stored: Bool | None = None
    only: Bool | None = None
    keep_empty: bool = False

    def gathered(self, cells: slice) -> npt.NDArray[np.int64]:
        """Return the positions within `cells` to read: all that are known to matter."""
        known = self.has_value[cells] if self.stored is None else self.stored[cells]
        return np.flatnonzero(known)


@dataclass(frozen=True)
class Rows:
    """Rows of a table in storage order.

    Attributes
    ----------
    block : Block
    cell_id : ndarray of int32, shape (n,)
    year : ndarray of int16, shape (n,)
    values : dict of str to ndarray of float32, shape (n,)
        By column; NaN is missing.
    is_complete : bool
        Whether no value is missing, as far as reading could tell.
    """

    block: Block
    cell_id: npt.NDArray[np.int32]
    year: npt.NDArray[np.int16]
    values: dict[str, Float32]
    is_complete: bool = False

    def __len__(self) -> int:
        return len(self.cell_id)


class _NewCellsError(Exception):
    """A value stands where none was before: the block is read again with more cells."""


class BlockReader:
    """Reads the blocks of one source under one rule.

    Parameters
    ----------
    source : GriddedSource
    rule : CellRule
        Shared between the blocks, which are read one at a time.
    """

    def __init__(self, source: GriddedSource, rule: CellRule) -> None:
        self._source = source
        self._rule = rule

    def read(self, block: Block) -> Rows:
        """Read one block.

        Parameters
        ----------
        block : Block

        Returns
        -------
        Rows

        Raises
        ------
        BadValueError
            If a value is infinite or an undeclared fill value, or the file is damaged.
        """
        try:
            return self._read(block)
        except _NewCellsError:
            self._survey(block)
            return self._read(block)

    def seed(self) -> int:
        """Learn the cells of the first year, so that most files need no block twice.

        Returns
        -------
        int
            How many cells a year can be expected to store.
        """
        source, rule = self._source, self._rule
        known = rule.stored
        if known is None:
            first = source.deciding[0].name
            everywhere = Slab(0, 1, 0, source.grid.n_lat)
            values = source.read(first, everywhere).reshape(-1)
            # Not what an interrupted build learned later: the blocks must be the same again.
            known = ~_missing(values, source.codes(first))
            rule.has_value |= known
        return int(np.count_nonzero(known if rule.only is None else known & rule.only))

    def survey(self, block: Block, survey: CellSurvey) -> None:
        """Note what the cells of a block hold over its years.

        Parameters
        ----------
        block : Block
        survey : CellSurvey
            Changed in place.

        Raises
        ------
        BadValueError
            If any value of the block, stored or not, is infinite or an undeclared fill value.
        """
        cells = block.cells(self._source.grid.n_lon)
        ids = np.arange(cells.start, cells.stop)
        for variable in self._source.variables:
            for position, box in self._maps(variable.name, block):
                flat = box.reshape(-1)
                self._clean(flat, variable.name, position, ids)
                survey.note(cells, flat)

    def _read(self, block: Block) -> Rows:
        source, rule = self._source, self._rule
        cells = block.cells(source.grid.n_lon)
        gathered = rule.gathered(cells)
        kept = None if rule.only is None else np.flatnonzero(rule.only[cells][gathered])
        chosen = gathered if kept is None else gathered[kept]
        order = BandOrder(len(chosen), block.last - block.first)
        everywhere = np.arange(cells.start, cells.stop)
        values: dict[str, Float32] = {}
        any_missing = may_be_empty = False
        for variable in source.variables:
            column = np.empty(order.rows, dtype=np.float32)
            decides = variable in source.deciding
            for position, box in self._maps(variable.name, block):
                flat = box.reshape(-1)
                if not decides:
                    # No cell is read for its sake, but a bad value anywhere in it is an error.
                    self._clean(flat, variable.name, position, everywhere)
                picked = flat[gathered]
                missing = self._clean(picked, variable.name, position, gathered + cells.start)
                if decides and rule.stored is None:
                    self._refuse_new_cells(flat, variable.name, len(picked) - missing)
                any_missing = any_missing or missing > 0
                may_be_empty = may_be_empty or (decides and missing > 0)
                order.place(
                    column, position - block.first, picked if kept is None else picked[kept]
                )
            values[variable.column] = column
        self._learn(order, chosen + cells.start, values)
        years = source.years[block.first : block.last]
        rows = Rows(
            block,
            order.by_cell((chosen + cells.start).astype(np.int32)),
            order.by_year(years),
            values,
            is_complete=not any_missing,
        )
        if not may_be_empty or rule.keep_empty:
            return rows
        return _without_empty(rows, [variable.column for variable in source.deciding])

    def _maps(self, variable: str, block: Block) -> Iterator[tuple[int, Float32]]:
        """Yield (position of the year, map of the block's rows), a chunk's years at a time."""
        step = min(self._source.chunk_shape[0], block.last - block.first)
        for first in range(block.first, block.last, step):
            last = min(first + step, block.last)
            slab = self._source.read(variable, Slab(first, last, block.north, block.south))
            for offset in range(last - first):
                yield first + offset, slab[offset]

    def _clean(
        self, picked: Float32, variable: str, position: int, ids: npt.NDArray[np.int64]
    ) -> int:
        """Turn missing codes into NaN in place and return how many values are missing."""
        if not picked.size:
            return 0
        self._refuse_invalid(picked, variable, position, ids)
        # The common case, nothing missing, costs two reductions: NaN fails both comparisons.
        if picked.max() < IMPLAUSIBLE and picked.min() > -IMPLAUSIBLE:
            codes = self._source.codes(variable)
            if not any(abs(float(code)) < IMPLAUSIBLE for code in codes):
                return 0
        missing = _missing(picked, self._source.codes(variable))
        picked[missing] = np.nan
        with np.errstate(invalid="ignore"):
            bad = np.flatnonzero(np.abs(picked) >= IMPLAUSIBLE)
        if bad.size:
            cell_id, value = int(ids[bad[0]]), float(picked[bad[0]])
            raise _implausible(self._source, variable, position, cell_id, value)
        return int(np.count_nonzero(missing))

    def _refuse_invalid(
        self, picked: Float32, variable: str, position: int, ids: npt.NDArray[np.int64]
    ) -> None:
        """Raise if a value is outside its valid range, the only mark of what is missing."""
        limits = self._source.limits(variable)
        if limits is None:
            return
        outside = np.flatnonzero((picked < limits[0]) | (picked > limits[1]))
        if outside.size:
            cell_id, value = int(ids[outside[0]]), float(picked[outside[0]])
            raise _invalid(self._source, variable, position, cell_id, value)

    def _refuse_new_cells(self, flat: Float32, variable: str, found: int) -> None:
        codes = self._source.codes(variable)
        # One code is the common case; NaN differs from it and leads to the exact count.
        if len(codes) == 1 and np.count_nonzero(flat != codes[0]) == found:
            return
        if np.count_nonzero(~_missing(flat, codes)) > found:
            raise _NewCellsError

    def _survey(self, block: Block) -> None:
        """Learn every cell of a block in which a variable that decides has a value in some year."""
        seen = self._rule.has_value[block.cells(self._source.grid.n_lon)]
        for variable in self._source.deciding:
            codes = self._source.codes(variable.name)
            for _, box in self._maps(variable.name, block):
                seen |= ~_missing(box.reshape(-1), codes)

    def _learn(
        self, order: BandOrder, ids: npt.NDArray[np.int64], values: dict[str, Float32]
    ) -> None:
        """Note which cells had a value, where the rule did not start from that."""
        if self._rule.stored is None:
            return
        has_value = np.zeros(order.rows, dtype=np.bool_)
        for variable in self._source.deciding:
            has_value |= ~np.isnan(values[variable.column])
        self._rule.has_value[order.by_cell(ids)[has_value]] = True


def _implausible(
    source: GriddedSource, variable: str, position: int, cell_id: int, value: float
) -> BadValueError:
    """Return the error for a value that no quantity of these files can have."""
    where = source.grid.place(cell_id)
    return BadValueError(
        source.path,
        f"is {value:g} in {source.years[position]} at {where}; expected a finite value, or a fill "
        "value declared by _FillValue or missing_value",
        variable,
    )


def _invalid(
    source: GriddedSource, variable: str, position: int, cell_id: int, value: float
) -> BadValueError:
    """Return the error for a value outside of the range that the file declares as valid."""
    where = source.grid.place(cell_id)
    return BadValueError(
        source.path,
        f"is {value:g} in {source.years[position]} at {where}, outside its valid range "
        "(valid_range, valid_min or valid_max); declare what means missing with _FillValue, or "
        "correct the range",
        variable,
    )


def _missing(values: Float32, codes: tuple[np.generic, ...]) -> Bool:
    missing = np.isnan(values)
    for code in codes:
        missing |= values == code
    return missing


def _without_empty(rows: Rows, deciding: Sequence[str]) -> Rows:
    """Drop the rows in which all columns that decide are missing."""
    empty = np.ones(len(rows), dtype=np.bool_)
    for name in deciding:
        empty &= np.isnan(rows.values[name])
    if not empty.any():
        return rows
    keep = ~empty
    values = {name: column[keep] for name, column in rows.values.items()}
    return Rows(rows.block, rows.cell_id[keep], rows.year[keep], values)
