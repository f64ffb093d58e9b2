"""The rows of eluc_series: the emissions of each cell as lists of some years.

Views join them instead of eluc: one row for a cell and a span of years makes a hash table a tenth
as large as one row for every year.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loader.building.small_tables import first_days

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from loader.reading.plan import Block

__all__ = ["Series"]

Int16 = npt.NDArray[np.int16]
Int32 = npt.NDArray[np.int32]
Float32 = npt.NDArray[np.float32]

_SPAN_YEARS = 16
"""Longest list. Lists of 8 years make LIMIT 200 of eluc_state a third slower, lists of 32 years the
sum of all its rows (docs/design/0003-views.md)."""

_BATCH_ROWS = 65_536


class Series:
    """Turn rows of eluc into rows of eluc_series. Immutable, so any lane may use it.

    Parameters
    ----------
    blocks : sequence of Block
        The blocks of eluc. No span reaches beyond the years of a block.
    n_cells : int
        Number of cells of the grid.

    Attributes
    ----------
    spans : tuple of (int, int)
        First and last year of each span, ascending.
    """

    def __init__(self, blocks: Sequence[Block], n_cells: int) -> None:
        self._n_cells = n_cells
        years = sorted({(block.first_year, block.last_year) for block in blocks})
        self.spans = tuple(span for first, last in years for span in _cut(first, last))

    def span_table(self, loaded: Collection[int]) -> pa.Table:
        """Return the table `eluc_span`: one row for every loaded year, ascending."""
        firsts = {year: first for first, last in self.spans for year in range(first, last + 1)}
        years = sorted(loaded)
        return pa.table(
            {
                "year": pa.array(years, pa.int16()),
                "date": pa.array(first_days(np.array(years, np.int64))),
                "first_year": pa.array([firsts.get(year) for year in years], pa.int16()),
            }
        )

    def series_table(self, rows: pa.Table) -> pa.Table:
        """Return the series of the rows of a block, by spans and then by cells.

        Parameters
        ----------
        rows : pyarrow.Table
            All rows of a block of eluc: cell_id, year and float32 columns, NULL where missing.

        Returns
        -------
        pyarrow.Table
            cell_id, first_year, last_year, and a list of float32 for each value column.
        """
        names = rows.schema.names[2:]
        # A block without rows has an empty piece.
        nothing = [np.empty(0, np.float32) for _ in names]
        pieces = [_series(names, nothing, np.empty(0, np.int32), 0, 0)]
        # In batches: arrays of a number for every row would take more memory than the rows.
        batches = rows.to_batches(_BATCH_ROWS)
        for first, last in self._spans_of(batches):
            # 1. Number the cells that have rows, in the order of their ids.
            is_used = np.zeros(self._n_cells, np.bool_)
            for batch in batches:
                inside = _inside(batch["year"].to_numpy(), first, last)
                is_used[batch["cell_id"].to_numpy()[inside]] = True
            cells = np.flatnonzero(is_used).astype(np.int32)
            number = np.cumsum(is_used, dtype=np.int32) - np.int32(1)
            # 2. Put the values of each column in their places; years without a row stay missing.
            length = last - first + 1
            lists = [np.full(cells.size * length, np.nan, np.float32) for _ in names]
            for batch in batches:
                cell_id, year = batch["cell_id"].to_numpy(), batch["year"].to_numpy()
                inside = _inside(year, first, last)
                place = number[cell_id[inside]] * length + (year[inside] - first)
                for values, name in zip(lists, names, strict=True):
                    values[place] = batch[name].to_numpy(zero_copy_only=False)[inside]
            pieces.append(_series(names, lists, cells, first, last))
        return pa.concat_tables(pieces)

    def _spans_of(self, batches: Sequence[pa.RecordBatch]) -> list[tuple[int, int]]:
        """Return the spans that may hold a year of the rows."""
        years = [batch["year"].to_numpy() for batch in batches]
        earliest = min((int(year.min()) for year in years if year.size), default=0)
        latest = max((int(year.max()) for year in years if year.size), default=-1)
        return [span for span in self.spans if earliest <= span[1] and span[0] <= latest]


def _cut(first: int, last: int) -> list[tuple[int, int]]:
    """Cut the years of a block at those divisible by the length of a span."""
    starts = [first, *range((first // _SPAN_YEARS + 1) * _SPAN_YEARS, last + 1, _SPAN_YEARS)]
    return list(zip(starts, [*(start - 1 for start in starts[1:]), last], strict=True))


def _inside(year: Int16, first: int, last: int) -> slice | npt.NDArray[np.bool_]:
    """Return which rows are of a span: in most blocks all."""
    inside = (first <= year) & (year <= last)
    return slice(None) if inside.all() else inside


def _series(
    names: Sequence[str], lists: Sequence[Float32], cells: Int32, first: int, last: int
) -> pa.Table:
    """Return a row for each cell; `lists` has the values of all cells, one after the other."""
    ends = np.arange(cells.size + 1, dtype=np.int32) * np.int32(last - first + 1)
    columns = {
        "cell_id": cells,
        "first_year": np.full(cells.size, first, np.int16),
        "last_year": np.full(cells.size, last, np.int16),
    }
    for name, values in zip(names, lists, strict=True):
        column = pa.array(values, mask=np.isnan(values))
        columns[name] = pa.ListArray.from_arrays(ends, column)
    return pa.table(columns)
