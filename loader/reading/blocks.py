"""Read a block: turn boxes of a file into rows of a table, in storage order."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    from loader.schema import Variable

__all__ = ["BlockReader", "CellRule", "Rows", "differ", "first_cells"]

Bool = npt.NDArray[np.bool_]
Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class CellRule:
    """Which cells of a source are stored.

    Attributes
    ----------
    stored : ndarray of bool, shape (n_cells,), or None
        The cells to store; None stores those that have a value.
    only : ndarray of bool, shape (n_cells,), or None
        Further restriction, as by the land mask.
    keep_empty : bool
        Whether a row is stored even when all variables that decide are missing.
    """

    stored: Bool | None = None
    only: Bool | None = None
    keep_empty: bool = False


def differ(one: CellRule, other: CellRule) -> bool:
    """Return whether two rules of the same source store different cells."""
    if one.stored is None or other.stored is None:
        return False
    return not np.array_equal(one.stored, other.stored)


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
    has_value : ndarray of bool, shape (cells,)
        Of the block's cells, those in which a variable that decides has a value in some year,
        stored or not; what was known before is in it.
    is_complete : bool
        Whether reading met no missing value.
    """

    block: Block
    cell_id: npt.NDArray[np.int32]
    year: npt.NDArray[np.int16]
    values: dict[str, Float32]
    has_value: Bool
    is_complete: bool = False

    def __len__(self) -> int:
        return len(self.cell_id)


class _NewCellsError(Exception):
    """A cell that was not read has a value: the block is read again with more cells."""


class BlockReader:
    """Reads the blocks of one source under one rule; may be shared by threads.

    Parameters
    ----------
    source : GriddedSource
    rule : CellRule
    """

    def __init__(self, source: GriddedSource, rule: CellRule) -> None:
        self._source = source
        self._rule = rule

    def read(self, block: Block, known: Bool) -> Rows:
        """Read one block.

        The rows and their order follow from the source, the rule and the block alone, so that
        blocks may be read in any order and by any worker.

        Parameters
        ----------
        block : Block
        known : ndarray of bool, shape (n_cells,)
            Cells in which a variable that decides has a value in some year, as far as is known. It
            only saves time: a block with values in other cells is read again.

        Returns
        -------
        Rows

        Raises
        ------
        BadValueError
            If a value is infinite or an undeclared fill value, or the file is damaged.
        """
        cells = block.cells(self._source.grid.n_lon)
        if self._rule.stored is not None:
            return self._read(block, self._rule.stored[cells])
        try:
            return self._read(block, known[cells])
        except _NewCellsError:
            return self._read(block, known[cells] | self._cells_with_value(block))

    def survey(self, block: Block, survey: CellSurvey) -> None:
        """Record in `survey` which cells of a block hold values over its years.

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
        for variable, position, box in self._maps(block):
            flat = box.reshape(-1)
            self._clean(flat, variable, position, ids)
            survey.note(cells, flat)

    def _read(self, block: Block, wanted: Bool) -> Rows:
        """Read the block, expecting values in the cells `wanted` only, shape (cells,)."""
        source, rule = self._source, self._rule
        cells = block.cells(source.grid.n_lon)
        # `gathered` are the cells to read, `chosen` those of them whose rows are stored.
        gathered = np.flatnonzero(wanted)
        positions = None if rule.only is None else np.flatnonzero(rule.only[cells][gathered])
        chosen = gathered if positions is None else gathered[positions]
        order = BandOrder(len(chosen), block.last - block.first)
        everywhere = np.arange(cells.start, cells.stop)
        ids = everywhere[gathered]
        values = {v.column: np.empty(order.rows, dtype=np.float32) for v in source.variables}
        any_missing = may_be_empty = False
        # Map by map: only one chunk is in memory besides the rows.
        for variable, position, box in self._maps(block):
            decides = variable in source.deciding
            flat = box.reshape(-1)
            picked = flat[gathered]
            missing = self._clean(picked, variable, position, ids)
            if (rule.stored is None or not decides) and self._has_more(
                flat, variable, position, len(picked) - missing
            ):
                if decides:
                    raise _NewCellsError
                # This variable adds no cells, but a bad value in any cell is an error.
                self._clean(flat, variable, position, everywhere)
            any_missing = any_missing or missing > 0
            may_be_empty = may_be_empty or (decides and missing > 0)
            order.place(
                values[variable.column],
                position - block.first,
                picked if positions is None else picked[positions],
            )
        rows = Rows(
            block,
            order.by_cell(everywhere[chosen].astype(np.int32)),
            order.by_year(source.years[block.first : block.last]),
            values,
            wanted,
            is_complete=not any_missing,
        )
        # Last, drop rows without a value of any variable that decides, unless they are stored too.
        if not may_be_empty:
            return rows
        has_value = _rows_with_value(rows, source.deciding)
        if rule.stored is not None:
            rows = replace(rows, has_value=_cells_of(rows.cell_id[has_value], cells))
        if rule.keep_empty or has_value.all():
            return rows
        # Bands hold the cells of this block only, so that rows do not depend on other years.
        return _taken(rows, order.without_empty_cells(has_value, exact=rule.stored is None))

    def _maps(
        self, block: Block, variables: Sequence[Variable] = ()
    ) -> Iterator[tuple[Variable, int, Float32]]:
        """Yield (variable, position of the year, map of the block's rows), of all variables."""
        for variable, first, last in self._source.reading_order(block.first, block.last):
            if variables and variable not in variables:
                continue
            slab = self._source.read(variable, Slab(first, last, block.north, block.south))
            for offset in range(last - first):
                yield variable, first + offset, slab[offset]

    def _clean(
        self, picked: Float32, variable: Variable, position: int, ids: npt.NDArray[np.int64]
    ) -> int:
        """Turn missing codes into NaN in place and return how many values are missing."""
        if not picked.size:
            return 0
        self._refuse_invalid(picked, variable, position, ids)
        # The common case, nothing missing, costs two reductions: NaN fails both comparisons.
        if picked.max() < IMPLAUSIBLE and picked.min() > -IMPLAUSIBLE:
            codes = self._source.codes(variable, position)
            if not any(abs(float(code)) < IMPLAUSIBLE for code in codes):
                return 0
        missing = _missing(picked, self._source.codes(variable, position))
        picked[missing] = np.nan
        with np.errstate(invalid="ignore"):
            bad = np.flatnonzero(np.abs(picked) >= IMPLAUSIBLE)
        if bad.size:
            cell_id, value = int(ids[bad[0]]), float(picked[bad[0]])
            raise _implausible(self._source, variable, position, cell_id, value)
        return int(np.count_nonzero(missing))

    def _refuse_invalid(
        self, picked: Float32, variable: Variable, position: int, ids: npt.NDArray[np.int64]
    ) -> None:
        """Raise if a value is outside its valid range, the only mark of what is missing."""
        limits = self._source.limits(variable, position)
        if limits is None:
            return
        outside = np.flatnonzero((picked < limits[0]) | (picked > limits[1]))
        if outside.size:
            cell_id, value = int(ids[outside[0]]), float(picked[outside[0]])
            raise _invalid(self._source, variable, position, cell_id, value)

    def _has_more(self, flat: Float32, variable: Variable, position: int, count: int) -> bool:
        """Return whether a map has more values than the `count` ones of the cells gathered."""
        codes = self._source.codes(variable, position)
        # One code is the common case; NaN differs from it and leads to the exact count.
        if len(codes) == 1 and np.count_nonzero(flat != codes[0]) == count:
            return False
        return int(np.count_nonzero(~_missing(flat, codes))) > count

    def _cells_with_value(self, block: Block) -> Bool:
        """Return the cells in which a variable that decides has a value, shape (cells,)."""
        cells = block.cells(self._source.grid.n_lon)
        has_value = np.zeros(cells.stop - cells.start, dtype=np.bool_)
        for variable, position, box in self._maps(block, self._source.deciding):
            codes = self._source.codes(variable, position)
            has_value |= ~_missing(box.reshape(-1), codes)
        return has_value


def first_cells(source: GriddedSource) -> Bool:
    """Return the cells that have a value in the first year, of the first variable that has any.

    Returns
    -------
    ndarray of bool, shape (n_cells,)
        In most files these are the cells of all variables that decide and of all years.
    """
    has_value = np.zeros(source.grid.n_cells, dtype=np.bool_)
    for variable in source.deciding:
        values = source.read(variable, Slab(0, 1, 0, source.grid.n_lat)).reshape(-1)
        has_value = ~_missing(values, source.codes(variable, 0))
        if has_value.any():
            # A further product may begin in a later year.
            break
    return has_value


def _implausible(
    source: GriddedSource, variable: Variable, position: int, cell_id: int, value: float
) -> BadValueError:
    """Return the error for a value that no quantity of these files can have."""
    where = source.grid.place(cell_id)
    return BadValueError(
        source.path_at(variable, position),
        f"is {value:g} in {source.years[position]} at {where}; expected a finite value, or a fill "
        "value declared by _FillValue or missing_value",
        variable.name,
    )


def _invalid(
    source: GriddedSource, variable: Variable, position: int, cell_id: int, value: float
) -> BadValueError:
    """Return the error for a value outside of the range that the file declares as valid."""
    where = source.grid.place(cell_id)
    return BadValueError(
        source.path_at(variable, position),
        f"is {value:g} in {source.years[position]} at {where}, outside its valid range "
        "(valid_range, valid_min or valid_max); declare the missing value with _FillValue, or "
        "correct the range",
        variable.name,
    )


def _missing(values: Float32, codes: tuple[np.generic, ...]) -> Bool:
    missing = np.isnan(values)
    for code in codes:
        missing |= values == code
    return missing


def _rows_with_value(rows: Rows, deciding: Sequence[Variable]) -> Bool:
    has_value = np.zeros(len(rows), dtype=np.bool_)
    for variable in deciding:
        has_value |= ~np.isnan(rows.values[variable.column])
    return has_value


def _cells_of(cell_id: npt.NDArray[np.int32], cells: slice) -> Bool:
    is_listed = np.zeros(cells.stop - cells.start, dtype=np.bool_)
    is_listed[cell_id - cells.start] = True
    return is_listed


def _taken(rows: Rows, chosen: npt.NDArray[np.int64]) -> Rows:
    """Return some rows, in the order of `chosen`."""
    values = {name: column[chosen] for name, column in rows.values.items()}
    return replace(rows, cell_id=rows.cell_id[chosen], year=rows.year[chosen], values=values)
