"""What the cells of a source hold over the years, learned in a pass before any row is stored."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["CellSurvey"]

Bool = npt.NDArray[np.bool_]

_FLAGS = 3


class CellSurvey:
    """Whether each cell is, in some year, other than 0, 0, or missing.

    Parameters
    ----------
    n_cells : int
    flags : ndarray of bool, shape (3 * n_cells,), optional
        As `packed` gave it; nothing is known yet if left out.
    """

    def __init__(self, n_cells: int, flags: Bool | None = None) -> None:
        known = np.zeros(_FLAGS * n_cells, dtype=np.bool_) if flags is None else flags
        self._flags: Bool = known.reshape(_FLAGS, n_cells)

    @staticmethod
    def size(n_cells: int) -> int:
        """Return the number of flags."""
        return _FLAGS * n_cells

    @property
    def nonzero(self) -> Bool:
        """Cells with a value other than 0 in some year, shape (n_cells,)."""
        found: Bool = self._flags[0]
        return found

    @property
    def has_value(self) -> Bool:
        """Cells with a value in some year, shape (n_cells,)."""
        found: Bool = self._flags[0] | self._flags[1]
        return found

    @property
    def always_zero(self) -> Bool:
        """Cells that are 0 in every year, shape (n_cells,)."""
        found: Bool = self._flags[1] & ~self._flags[0] & ~self._flags[2]
        return found

    def note(self, cells: slice, values: npt.NDArray[np.float32]) -> None:
        """Add the values of a year: shape (cells,), NaN where missing."""
        zero, missing = values == 0, np.isnan(values)
        for flags, found in zip(self._flags, (~(zero | missing), zero, missing), strict=True):
            flags[cells] |= found

    def merge(self, other: CellSurvey) -> None:
        """Add what was learned of other years, or of other cells."""
        self._flags |= other._flags

    def packed(self) -> Bool:
        """Return all flags, shape (3 * n_cells,)."""
        return self._flags.reshape(-1)
