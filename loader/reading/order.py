"""The order of a table's rows within a block: bands of neighbouring cells, then years, then cells.

Measured: in this order one cell's series and one year's map both read few of DuckDB's row groups
and vectors, where an order by year serves only maps and an order by cell only series.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from loader.reading.plan import BAND_ROWS

__all__ = ["BandOrder"]

Number = TypeVar("Number", bound=np.generic)


class BandOrder:
    """The order of a block's rows: bands of cells, then years, then cells.

    Parameters
    ----------
    cells, years : int
        Extent of the block; every cell has a row in every year at this point.
    """

    def __init__(self, cells: int, years: int) -> None:
        self.rows = cells * years
        self._cells = cells
        self._years = years
        self._band = max(1, BAND_ROWS // years)
        self._full = cells // self._band

    def _views(self, column: npt.NDArray[Number]) -> tuple[npt.NDArray[Number], ...]:
        """Return `column` as (bands, years, cells of a band), the last band as (years, cells)."""
        split = self._full * self._years * self._band
        full = column[:split].reshape(self._full, self._years, self._band)
        return full, column[split:].reshape(self._years, -1)

    def place(self, column: npt.NDArray[Number], year: int, cells: npt.NDArray[Number]) -> None:
        """Write the values of all cells in one year, shape (cells,), to their rows."""
        full, rest = self._views(column)
        split = self._full * self._band
        full[:, year, :] = cells[:split].reshape(self._full, self._band)
        rest[year, :] = cells[split:]

    def by_cell(self, cells: npt.NDArray[Number]) -> npt.NDArray[Number]:
        """Return the value of each row's cell, shape (rows,)."""
        column = np.empty(self.rows, dtype=cells.dtype)
        for year in range(self._years):
            self.place(column, year, cells)
        return column

    def by_year(self, years: npt.NDArray[Number]) -> npt.NDArray[Number]:
        """Return the value of each row's year, shape (rows,)."""
        column = np.empty(self.rows, dtype=years.dtype)
        full, rest = self._views(column)
        full[...] = years[None, :, None]
        rest[...] = years[:, None]
        return column

    def without_empty_cells(
        self, has_value: npt.NDArray[np.bool_], *, exact: bool
    ) -> npt.NDArray[np.int64]:
        """Return which rows to keep, in their order, if those without a value are dropped.

        Parameters
        ----------
        has_value : ndarray of bool, shape (rows,)
        exact : bool
            Whether bands are formed again without the cells that lose all their rows.

        Returns
        -------
        ndarray of int64, shape (n,)
        """
        if not exact:
            return np.flatnonzero(has_value)
        numbers = np.arange(self.rows)
        by_year = [self.taken(numbers, year) for year in range(self._years)]
        has_row = np.zeros(self._cells, dtype=np.bool_)
        for rows in by_year:
            has_row |= has_value[rows]
        order = BandOrder(int(np.count_nonzero(has_row)), self._years)
        chosen = np.empty(order.rows, dtype=np.int64)
        for year, rows in enumerate(by_year):
            order.place(chosen, year, rows[has_row])
        return chosen[has_value[chosen]]

    def taken(self, column: npt.NDArray[Number], year: int) -> npt.NDArray[Number]:
        """Return the values of all cells in one year, shape (cells,), as `place` wrote them."""
        full, rest = self._views(column)
        return np.concatenate([full[:, year, :].reshape(-1), rest[year]])
