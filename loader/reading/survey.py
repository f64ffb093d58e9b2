"""Survey which cells of a source hold values, in a pass before any row is stored."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["CellSurvey"]

Bool = npt.NDArray[np.bool_]

_FLAGS = 3


class CellSurvey:
    """For each cell three flags: whether it is nonzero, zero or missing in some year.

    Parameters
    ----------
    n_cells : int
    flags : ndarray of bool, shape (3 * n_cells,), optional
        The result of `packed`; by default no year has been seen yet.
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
        flags: Bool = self._flags[0]
        return flags

    @property
    def has_value(self) -> Bool:
        """Cells with a value in some year, shape (n_cells,)."""
        flags: Bool = self._flags[0] | self._flags[1]
        return flags

    def note(self, cells: slice, values: npt.NDArray[np.float32]) -> None:
        """Add the values of a year: shape (cells,), NaN where missing."""
        zero, missing = values == 0, np.isnan(values)
        for flags, is_seen in zip(self._flags, (~(zero | missing), zero, missing), strict=True):
            flags[cells] |= is_seen

    def merge(self, other: CellSurvey) -> None:
        """Add the survey of other years, or of other cells."""
        self._flags |= other._flags

    def packed(self) -> Bool:
        """Return all flags, shape (3 * n_cells,)."""
        return self._flags.reshape(-1)
