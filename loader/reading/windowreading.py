"""How much of a file must be read for a window: whole chunks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.reading.window import part_of

if TYPE_CHECKING:
    from loader.grid import Grid
    from loader.reading.source import GriddedSource

__all__ = ["WindowReading", "window_reading"]

_MOST_READ = 0.25
"""Share of a file that a window may read without a notice."""


@dataclass(frozen=True)
class WindowReading:
    """The cells that are read of each year for a window.

    Attributes
    ----------
    path : str
        Of the source, for messages.
    cells, wanted, whole : int
        Cells of the chunks that hold a cell of the window, of the window, and of the file.
    chunk : tuple of int
        Rows and columns of a chunk.
    """

    path: str
    cells: int
    wanted: int
    whole: int
    chunk: tuple[int, int]

    @property
    def notice(self) -> str | None:
        """A notice where the window takes about as long to read as all of the file, or None."""
        share, wanted = self.cells / self.whole, self.wanted / self.whole
        if share <= _MOST_READ or share <= 2 * wanted:
            return None
        return (
            f"{self.path}: its chunks of {self.chunk[0]} x {self.chunk[1]} cells do not let --bbox "
            f"save reading: {share:.0%} of the file is read for {wanted:.1%} of its cells. For "
            "many windows, rewrite it in smaller chunks"
        )


def window_reading(source: GriddedSource, window: Grid) -> WindowReading | None:
    """Return what is read of a source for a window; None if the source does not hold all of it.

    Of several files the first one counts.
    """
    with source.first_file() as file:
        part = part_of(file.grid, window)
        if part is None:
            return None
        layout, (_, chunk_rows, chunk_columns) = file.layout, file.chunk_shape
        rows = np.isin(layout.rows.in_file(file.grid.n_lat), part.rows)
        columns = np.isin(layout.columns.in_file(file.grid.n_lon), part.columns)
        cells = _touched(rows, chunk_rows) * _touched(columns, chunk_columns)
        chunk = chunk_rows, chunk_columns
        return WindowReading(source.path, cells, window.n_cells, file.grid.n_cells, chunk)


def _touched(chosen: npt.NDArray[np.bool_], chunk: int) -> int:
    """Return the length of an axis that is in chunks with a chosen position."""
    starts = np.unique(np.flatnonzero(chosen) // chunk) * chunk
    return int((np.minimum(starts + chunk, len(chosen)) - starts).sum())
