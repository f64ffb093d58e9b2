"""The rows of luc_map_1deg: sums over squares of one degree, computed while the rows are loaded.

Changes need the sums of two years, and emissions are loaded after all states. So the sums of every
year are kept until the end, in a temporary file: about 2 MB a year on a global grid.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loader.building.small_tables import first_days
from loader.catalog.products import emission_columns
from loader.schema import SUMS
from loader.storing.stage import refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from loader.building.groupsums import BlockSums
    from loader.catalog.products import EmissionColumn
    from loader.grid import Grid
    from loader.landuses import LandUses

__all__ = ["MapRows", "Squares"]

Int32 = npt.NDArray[np.int32]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

_NUMBER = np.dtype(np.int32)
_SUM = np.dtype(np.float64)
_FIRST = emission_columns()


class Squares:
    """The squares of one degree that hold the cells of a grid, from the north-west.

    A cell belongs to the square that holds its centre. On grids of one degree and coarser, each
    cell is a square of its own.

    Parameters
    ----------
    grid : Grid

    Attributes
    ----------
    of_cell : ndarray of int32, shape (n_cells,)
        Number of the square of each cell, from 0.
    lat, lon : ndarray of float64, shape (n_squares,)
        Centres, degrees north and east.
    """

    def __init__(self, grid: Grid) -> None:
        lat, lon = grid.latitude, grid.longitude
        if grid.step_lat < 1 and grid.step_lon < 1:
            # A centre at the pole itself belongs to the last square before it.
            lat = np.minimum(np.floor(lat), 89.0) + 0.5
            lon = np.floor(lon) + 0.5
        southward, row = np.unique(-lat, return_inverse=True)
        eastward, column = np.unique(lon, return_inverse=True)
        self.of_cell: Int32 = np.add.outer(row * eastward.size, column).ravel().astype(np.int32)
        self.lat: Float64 = np.repeat(-southward, eastward.size)
        self.lon: Float64 = np.tile(eastward, southward.size)


class MapRows:
    """Keep the sums of blocks by square and year, and turn them into rows.

    `add` is called by the lane that has the turn; the other methods by any thread afterwards.

    Parameters
    ----------
    squares : Squares
    area_ha : callable
        Returns the area of each cell, hectares, ndarray of float64, shape (n_cells,).
    land_uses : LandUses
    folder : pathlib.Path
        For the temporary file, which has no name.
    emissions : sequence of EmissionColumn
        The products of emissions.

    Attributes
    ----------
    squares : Squares
    """

    def __init__(
        self,
        squares: Squares,
        area_ha: Callable[[], Float64],
        land_uses: LandUses,
        folder: Path,
        emissions: Sequence[EmissionColumn] = _FIRST,
    ) -> None:
        self.squares = squares
        self._area_of_cells = area_ha
        self._land_uses = land_uses
        self._emissions = tuple(emissions)
        self._columns = {
            "state": land_uses.fractions,
            "eluc": tuple(one.column for one in self._emissions),
        }
        with refused(folder):
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # until `close`
        self._folder = folder
        self._size = 0
        self._entries: dict[tuple[str, int], list[_Entry]] = defaultdict(list)

    def close(self) -> None:
        """Remove the temporary file."""
        # After a write that failed, closing tries it again; `add` has raised already.
        with suppress(OSError):
            self._file.close()

    def add(self, table: str, sums: BlockSums | None) -> None:
        """Keep the sums of a block; must be called in the order of blocks."""
        squares = None if sums is None else sums.squares
        if sums is None or squares is None:
            return
        with refused(self._folder):
            for number, year in enumerate(sums.years):
                there = squares.rows[number] > 0
                numbers = squares.squares[there].astype(_NUMBER, copy=False)
                values = [squares.sums[name][number, there] for name in self._columns[table]]
                data = numbers.tobytes() + np.concatenate(values).astype(_SUM).tobytes()
                self._file.write(data)
                self._entries[table, year].append(_Entry(self._size, numbers.size))
                self._size += len(data)
            self._file.flush()

    @cached_property
    def _area_ha(self) -> Float64:
        weights = self._area_of_cells()
        return np.bincount(self.squares.of_cell, weights, self.squares.lat.size).astype(_SUM)

    @property
    def years(self) -> tuple[int, ...]:
        """The years that have rows, ascending."""
        return tuple(sorted({year for _, year in self._entries}))

    def parts(self, rows: int) -> list[Callable[[], pa.Table]]:
        """Divide all rows into parts of equal length.

        Parameters
        ----------
        rows : int
            Length of each part but the last.

        Returns
        -------
        list of callable
            Each returns its part; together, in this order, they have the rows in their order.
        """
        years = self.years
        ends = np.cumsum([self._count(year) for year in years])
        parts: list[Callable[[], pa.Table]] = []
        for start in range(0, int(ends[-1]) if years else 0, rows):
            first, last = np.searchsorted(ends, [start, min(start + rows, ends[-1]) - 1], "right")
            offset = start - (int(ends[first - 1]) if first else 0)
            parts.append(partial(self._slice, years[first : last + 1], offset, rows))
        return parts

    def _count(self, year: int) -> int:
        """Return the number of rows of a year."""
        there = np.zeros(self.squares.lat.size, np.bool_)
        for table in self._columns:
            for entry in self._entries.get((table, year), ()):
                there[self._read(entry, _NUMBER, 0, entry.squares)] = True
        return int(np.count_nonzero(there))

    def _slice(self, years: Sequence[int], offset: int, rows: int) -> pa.Table:
        return self.table(years).slice(offset, rows)

    def table(self, years: Sequence[int]) -> pa.Table:
        """Return the rows of some years, in the columns and the order of luc_map_1deg.

        Parameters
        ----------
        years : sequence of int
            Ascending.

        Returns
        -------
        pyarrow.Table
        """
        of_years = []
        later: tuple[int, _Sums] | None = None
        for year in years:
            state = later[1] if later and later[0] == year else self._sums("state", year)
            later = year + 1, self._sums("state", year + 1)
            of_years.append(self._rows(year, state, later[1], self._sums("eluc", year)))
        return pa.concat_tables(of_years)

    def _sums(self, table: str, year: int) -> _Sums:
        """Read the sums of a table and year over all squares."""
        names, count = self._columns[table], self.squares.lat.size
        there = np.zeros(count, np.bool_)
        values = np.full((len(names), count), np.nan)
        for entry in self._entries.get((table, year), ()):
            numbers = self._read(entry, _NUMBER, 0, entry.squares)
            added = self._read(entry, _SUM, numbers.nbytes, entry.squares * len(names))
            added = added.reshape(len(names), -1)
            if there[numbers].any():
                # A square that two blocks share has a value if one of them has.
                before = values[:, numbers]
                both = before + np.where(np.isnan(added), 0.0, added)
                added = np.where(np.isnan(before), added, both)
            values[:, numbers] = added
            there[numbers] = True
        return _Sums(there, dict(zip(names, values, strict=True)))

    def _read(
        self, entry: _Entry, kind: np.dtype[Any], offset: int, count: int
    ) -> npt.NDArray[Any]:
        """Read numbers of a block and year, `offset` bytes after its first."""
        with refused(self._folder):
            size = count * kind.itemsize
            data = os.pread(self._file.fileno(), size, entry.offset + offset)
            if len(data) != size:
                raise OSError(errno.EIO, "a temporary file is incomplete")
        return np.frombuffer(data, kind)

    def _rows(self, year: int, state: _Sums, later: _Sums, eluc: _Sums) -> pa.Table:
        there = np.flatnonzero(state.there | eluc.there)
        now, then = _with_totals(state.values), _with_totals(later.values)
        years = np.full(there.size, year, np.int16)
        columns = {
            "year": pa.array(years),
            "date": pa.array(first_days(years)),
            "lat": pa.array(self.squares.lat[there]),
            "lon": pa.array(self.squares.lon[there]),
            "area_ha": pa.array(self._area_ha[there]),
        }
        for one in self._emissions:
            values = eluc.values[one.column][there]
            columns[f"{one.measure}_tc"] = pa.array(values, from_pandas=True)
        for use in self._land_uses.uses:
            columns[f"{use}_ha"] = _real(now[use][there])
        for use in self._land_uses.uses:
            columns[f"{use}_diff_ha"] = _real(then[use][there] - now[use][there])
        return pa.table(columns)


@dataclass(frozen=True)
class _Entry:
    """Where the file has the sums of a block and year, and of how many squares."""

    offset: int
    squares: int


@dataclass(frozen=True)
class _Sums:
    """Sums by square: which squares have rows, and the values by column, NaN where missing."""

    there: Bool
    values: dict[str, Float64]


def _with_totals(values: Mapping[str, Float64]) -> dict[str, Float64]:
    """Add crop and forest, missing where any part is."""
    totals = {
        name: np.sum([values[part] for part in parts], axis=0) for name, parts in SUMS.items()
    }
    return dict(values) | totals


def _real(values: Float64) -> pa.Array:
    return pa.array(values.astype(np.float32), from_pandas=True)
