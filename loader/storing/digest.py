"""A digest of the content of a table that does not depend on the order of its rows.

It is computed twice: from the arrays that were read, and from the finished database. If both are
equal, every value is in the row of its cell and year and in the column of its name, bit for bit
except for the sign of zeros.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["TableDigest"]

UInt64 = npt.NDArray[np.uint64]

_MISSING = np.uint32(0x7F800000).view(np.float32)
"""Infinity, which no table holds, replaces every NaN: all of them mean missing."""

_ZERO = np.float32(0)

_MULTIPLIER = np.uint32(0x9E3779B1)
"""2**32 over the golden ratio, odd: multiplying by it loses no bit (Knuth, TAOCP 3, 6.4)."""

_ROWS_AT_ONCE = 16_384
"""Small enough for the processor's cache."""


@dataclass
class TableDigest:
    """Number of rows and content of one table, accumulated block by block.

    Attributes
    ----------
    rows_of_year : dict of int to int
        Number of rows of each calendar year.
    content_of_year : dict of int to int
        Of each calendar year the sum modulo 2**64, over its rows, of a 32-bit mix of the column
        names and the row's values times a mix of its key.
    """

    rows_of_year: dict[int, int] = field(default_factory=dict)
    content_of_year: dict[int, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Total number of rows."""
        return sum(self.rows_of_year.values())

    @property
    def content(self) -> int:
        """The content of all years together, modulo 2**64."""
        return sum(self.content_of_year.values()) % 2**64

    def merge(self, other: TableDigest) -> None:
        """Add the rows that another digest counted."""
        for year, rows in other.rows_of_year.items():
            self._count(year, rows, other.content_of_year[year])

    def _count(self, year: int, rows: int, content: int) -> None:
        self.rows_of_year[year] = self.rows_of_year.get(year, 0) + rows
        self.content_of_year[year] = (self.content_of_year.get(year, 0) + content) % 2**64

    @classmethod
    def of(cls, rows: pa.Table | pa.RecordBatch) -> TableDigest:
        """Digest Arrow rows: cell_id, year, then float32 columns; NULL is missing."""
        digest = cls()
        batches = rows.to_batches() if isinstance(rows, pa.Table) else [rows]
        for batch in batches:
            cell_id, year, *values = (c.to_numpy(zero_copy_only=False) for c in batch.columns)
            columns = {
                name: column.astype(np.float32, copy=False)
                for name, column in zip(batch.schema.names[2:], values, strict=True)
            }
            digest.add(cell_id, year, columns)
        return digest

    def add(
        self,
        cell_id: npt.NDArray[np.int32],
        year: npt.NDArray[np.int16],
        values: Mapping[str, npt.NDArray[np.float32]],
    ) -> None:
        """Add rows.

        Parameters
        ----------
        cell_id : ndarray of int32, shape (n,)
        year : ndarray of int16, shape (n,)
        values : mapping of str to ndarray of float32, shape (n,)
            By column, always in the same order; NaN is missing.
        """
        if not year.size:
            return
        first = int(year.min())
        rows = np.zeros(int(year.max()) - first + 1, dtype=np.int64)
        content = np.zeros(rows.size, dtype=np.uint64)
        columns = [_without_nan(column) for column in values.values()]
        seed = _mix_names(values)
        scratch = np.empty(_ROWS_AT_ONCE, dtype=np.float32)
        bits = scratch.view(np.uint32)
        for start in range(0, len(cell_id), _ROWS_AT_ONCE):
            part = slice(start, min(start + _ROWS_AT_ONCE, len(cell_id)))
            size = part.stop - part.start
            # Not 0: a row of zeros must count, in its own cell and under the names of its columns.
            mixed = np.full(size, seed, dtype=np.uint32)
            for position, column in enumerate(columns):
                # -0.0 + 0.0 is 0.0: DuckDB before 2.0 does not keep the sign of a zero.
                np.add(column[part], _ZERO, out=scratch[:size])
                np.multiply(bits[:size], _multiplier(position), out=bits[:size])
                np.add(mixed, bits[:size], out=mixed)
            keyed = _mix_key(cell_id[part], year[part])
            keyed *= mixed
            # Rows of a year come in runs: one sum per run is faster than one addition per row.
            of_rows = year[part]
            runs = np.concatenate(([0], np.flatnonzero(of_rows[1:] != of_rows[:-1]) + 1))
            place = of_rows[runs].astype(np.int64) - first
            np.add.at(content, place, np.add.reduceat(keyed, runs))
            np.add.at(rows, place, np.diff(runs, append=size))
        for number in np.flatnonzero(rows):
            self._count(first + int(number), int(rows[number]), int(content[number]))


def _without_nan(column: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    # One reduction tells whether any value is NaN, which is rare.
    if column.size and np.isnan(np.max(column)):
        return np.where(np.isnan(column), _MISSING, column)
    return column


def _mix_names(names: Iterable[str]) -> np.uint32:
    """Return an odd number for the names of the columns in their order."""
    return np.uint32(zlib.crc32("\0".join(names).encode()) | 1)


def _multiplier(position: int) -> np.uint32:
    """Return an odd number of the column's own: exchanged columns must not cancel out."""
    return np.uint32(int(_MULTIPLIER) * (2 * position + 3) % 2**32)


def _mix_key(cell_id: npt.NDArray[np.int32], year: npt.NDArray[np.int16]) -> UInt64:
    """Return an odd number for each key (the finalizer of splitmix64, Steele et al. 2014)."""
    key = (cell_id.astype(np.uint64) << np.uint64(16)) ^ year.astype(np.uint16).astype(np.uint64)
    key ^= key >> np.uint64(30)
    key *= np.uint64(0xBF58476D1CE4E5B9)
    key ^= key >> np.uint64(27)
    key *= np.uint64(0x94D049BB133111EB)
    key ^= key >> np.uint64(31)
    return key | np.uint64(1)
