"""Cut a source into blocks: the unit of reading, writing, loading and resuming."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loader.reading.source import GriddedSource, Stretch

__all__ = ["BAND_ROWS", "Block", "plan_blocks"]

BAND_ROWS = 8192
"""Rows of a block's band: neighbouring cells, all years of the block. Four vectors of DuckDB."""

_KEY_BYTES = 6
"""A row's cell_id (INTEGER) and year (SMALLINT)."""


@dataclass(frozen=True, order=True)
class Block:
    """A box of a source that becomes consecutive rows of its table.

    Attributes
    ----------
    table : str
    first_year, last_year : int
        Calendar years, both included.
    first, last : int
        The same by position among the loaded years of the source; `last` is not included.
    north, south : int
        Rows of the grid; `south` is not included.
    """

    table: str
    first_year: int
    last_year: int
    first: int
    last: int
    north: int
    south: int

    @property
    def name(self) -> str:
        """Return a file name without suffix, unique within the block's table."""
        return (
            f"{self.first_year:04d}-{self.last_year:04d}_rows-{self.north:05d}-{self.south - 1:05d}"
        )

    def cells(self, n_lon: int) -> slice:
        """Return the cell ids of the block's rows on a grid of `n_lon` columns."""
        return slice(self.north * n_lon, self.south * n_lon)


def plan_blocks(
    source: GriddedSource, cells: int, budget: int, most_years: int
) -> tuple[Block, ...]:
    """Cut a source into blocks along its own chunks.

    Parameters
    ----------
    source : GriddedSource
    cells : int
        Expected number of cells stored for each year.
    budget : int
        Largest size in bytes of the rows of one block, where the chunks allow it.
    most_years : int
        Largest number of years of a block, where the chunks allow it.

    Returns
    -------
    tuple of Block
        By years, then from north to south; every year and row exactly once.

    Notes
    -----
    A chunk of many years is read once if the block is cut by rows instead; a chunk too large for
    both is read again for every block, which is slow but bounded.
    """
    return tuple(
        block
        for stretch in source.stretches
        for block in _plan_stretch(source, stretch, cells, budget, most_years)
    )


def _plan_stretch(
    source: GriddedSource, stretch: Stretch, cells: int, budget: int, most_years: int
) -> Iterator[Block]:
    """Cut the years of a stretch into blocks."""
    n_lat = source.grid.n_lat
    chunk_years, chunk_rows, _ = stretch.chunk_shape
    per_year = max(1, cells * (4 * len(source.variables) + _KEY_BYTES))
    years = max(1, min(most_years, budget // per_year))
    rows = n_lat
    if chunk_years <= years:
        # The years of a chunk fit: take several chunks, and cut by rows only if need be.
        years = chunk_years * _power_of_two(years // chunk_years)
        fitting = int(budget * n_lat // (per_year * years))
        if fitting < n_lat:
            rows = fitting // chunk_rows * chunk_rows or max(1, fitting)
    else:
        # A chunk holds more years than fit: cut by rows of chunks instead. If one such row is too
        # large as well, cut by years, and several blocks read the same chunks.
        per_row = max(1, per_year * min(chunk_years, len(stretch.steps)) // n_lat)
        fitting = int(budget // per_row) // chunk_rows * chunk_rows
        if fitting:
            years, rows = chunk_years, min(fitting, n_lat)
        else:
            years = _power_of_two(years)
            if per_year > budget:
                rows = max(1, int(budget * n_lat // per_year))
    for first, last in itertools.pairwise(_year_edges(source, stretch, years)):
        for north in range(0, n_lat, rows):
            yield Block(
                table=source.kind.table,
                first_year=int(source.years[first]),
                last_year=int(source.years[last - 1]),
                first=first,
                last=last,
                north=north,
                south=min(north + rows, n_lat),
            )


def _power_of_two(number: int) -> int:
    return 1 << (number.bit_length() - 1)


def _year_edges(source: GriddedSource, stretch: Stretch, years: int) -> list[int]:
    """Return where blocks of years begin, and the end, as positions among the loaded years.

    Single-year chunks are cut at calendar years divisible by `years`, so that a file that gains
    years keeps its blocks; larger chunks at their own boundaries in the file.
    """
    single = stretch.chunk_shape[0] == 1
    own_years = source.years[stretch.first : stretch.last]
    steps = own_years.astype(np.int64) if single else stretch.steps
    starts = np.flatnonzero(np.diff(steps // years)) + 1
    return [stretch.first, *(stretch.first + int(start) for start in starts), stretch.last]
