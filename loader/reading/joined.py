"""Several files as one source: years of one after the other, and products side by side."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.reading.pool import FilePool
from loader.reading.source import FileRecord, Float32, GriddedSource, Slab, Stretch
from loader.reading.sourcefile import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from loader.grid import Grid
    from loader.schema import Source, Variable

__all__ = ["NOWHERE", "Chunks", "JoinedSource", "Strand"]

NOWHERE = -1
"""Owner of a year that no file of a strand has."""


@dataclass(frozen=True)
class Chunks:
    """How a file is stored: what is needed of it before it is opened again.

    Attributes
    ----------
    shape : tuple of int
        Extent of a chunk along (time, latitude, longitude).
    steps : ndarray of int64, shape (n,)
        Step of the time axis for each of the file's years.
    codes : dict of str to tuple of numpy scalars
        By name of the variable: the values that mean missing in what is read.
    limits : dict of str to (float, float)
        By name of the variable: its valid range, if nothing else says what is missing.
    """

    shape: tuple[int, int, int]
    steps: npt.NDArray[np.int64]
    codes: dict[str, tuple[np.generic, ...]]
    limits: dict[str, tuple[float, float]]

    @classmethod
    def of(cls, file: SourceFile) -> Chunks:
        """Return how an open file is stored."""
        codes = {v.name: file.codes(v) for v in file.variables}
        return cls(file.chunk_shape, file.layout.positions, codes, dict(file.layout.limits))

    def cut_to(self, n_lat: int, n_lon: int) -> Chunks:
        """Return how the file is stored, as seen in a window of so many rows and columns."""
        time, latitude, longitude = self.shape
        return replace(self, shape=(time, min(latitude, n_lat), min(longitude, n_lon)))


@dataclass(frozen=True)
class Strand:
    """Variables whose years come from one file after the other.

    Attributes
    ----------
    variables : tuple of Variable
        Unique by column among the strands of a source.
    owner : ndarray of int32, shape (n_years,)
        For each year of the source the number of the file that has it, -1 where none has.
    position : ndarray of int64, shape (n_years,)
        Position of the year among all years of that file.
    """

    variables: tuple[Variable, ...]
    owner: npt.NDArray[np.int32]
    position: npt.NDArray[np.int64]


class JoinedSource(GriddedSource):
    """A source whose values are in several files, of which few are open at once.

    May be shared by threads, as far as its files may.

    Parameters
    ----------
    kind : Source
    path : str
        Description of the files, for messages.
    grid : Grid
        The grid of all files as the pool opens them.
    years : ndarray of int16, shape (n_years,)
        Ascending.
    pool : FilePool
    records : sequence of FileRecord
        One for each file of the pool.
    chunks : sequence of Chunks
        As for `records`.
    strands : sequence of Strand
    notices : tuple of str
    window : Grid, optional
    """

    def __init__(
        self,
        kind: Source,
        path: str,
        grid: Grid,
        years: npt.NDArray[np.int16],
        pool: FilePool,
        records: Sequence[FileRecord],
        chunks: Sequence[Chunks],
        strands: Sequence[Strand],
        notices: tuple[str, ...] = (),
        window: Grid | None = None,
    ) -> None:
        self.kind = kind
        self.path = path
        self.grid = grid
        self.years = years
        self.variables = tuple(v for strand in strands for v in strand.variables)
        self.notices = notices
        self.window = window
        self.pool = pool
        self.strands = tuple(strands)
        self._records = tuple(records)
        self._chunks = tuple(chunks)
        self._strand_of = {v.column: strand for strand in strands for v in strand.variables}

    @property
    def files(self) -> tuple[FileRecord, ...]:
        """The files that own a year, by product, then by their first year."""
        return self._records

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """The years, cut where the layout of the chunks or, for longer chunks, the file changes."""

        def layout(position: int) -> tuple[tuple[int, int, int], tuple[int, ...]]:
            owners = [int(s.owner[position]) for s in self.strands if s.owner[position] >= 0]
            shapes = [self._chunks[owner].shape for owner in owners]
            shape = tuple(max(extents) for extents in zip(*shapes, strict=True))
            # Blocks of files that hold one year a chunk may span them.
            return (shape[0], shape[1], shape[2]), tuple(owners) if shape[0] > 1 else ()

        stretches = []
        for (shape, owners), group in groupby(range(len(self.years)), layout):
            positions = list(group)
            first, last = positions[0], positions[-1] + 1
            steps = np.arange(first, last, dtype=np.int64)
            if owners:
                longest = max(owners, key=lambda owner: self._chunks[owner].shape[0])
                (strand,) = (s for s in self.strands if s.owner[first] == longest)
                steps = self._chunks[longest].steps[strand.position[first:last]]
            stretches.append(Stretch(first, last, shape, steps))
        return tuple(stretches)

    def path_at(self, variable: Variable, position: int) -> str:
        """Return the file that has a variable in the year at `position`, for messages."""
        owner = int(self._strand_of[variable.column].owner[position])
        return self.path if owner == NOWHERE else self._records[owner].path

    def chunk_years(self, variable: Variable, position: int) -> int:
        """Return how many years a chunk of a variable holds from the year at `position` on."""
        owner = int(self._strand_of[variable.column].owner[position])
        return 1 if owner == NOWHERE else self._chunks[owner].shape[0]

    def reading_order(self, first: int, last: int) -> Iterator[tuple[Variable, int, int]]:
        """Yield variables and ranges of years, file by file: opening one takes a while."""
        owners = np.stack([strand.owner[first:last] for strand in self.strands])
        changes = np.flatnonzero((np.diff(owners, axis=1) != 0).any(axis=0)) + 1
        edges = [first, *(first + int(change) for change in changes), last]
        for start, end in pairwise(edges):
            for variable in self.variables:
                yield from self._ranges(variable, start, end)

    def codes(self, variable: Variable, position: int = 0) -> tuple[np.generic, ...]:
        """Return the values that mean missing in the result of `read` for a year."""
        owner = int(self._strand_of[variable.column].owner[position])
        return () if owner == NOWHERE else self._chunks[owner].codes.get(variable.name, ())

    def limits(self, variable: Variable, position: int = 0) -> tuple[float, float] | None:
        """Return the range outside of which a value of a year is an error, or None."""
        owner = int(self._strand_of[variable.column].owner[position])
        return None if owner == NOWHERE else self._chunks[owner].limits.get(variable.name)

    def read(self, variable: Variable, slab: Slab) -> Float32:
        """Read a box of one variable in grid order; NaN where no file has the year."""
        strand = self._strand_of[variable.column]
        parts = [
            self._read_of(owner, variable, part, slab.north, slab.south)
            for owner, part in _runs(strand, slab.first, slab.last)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _read_of(
        self, owner: int, variable: Variable, years: slice, north: int, south: int
    ) -> Float32:
        if owner == NOWHERE or variable.name not in self._chunks[owner].codes:
            shape = years.stop - years.start, south - north, self.grid.n_lon
            return np.full(shape, np.nan, np.float32)
        with self.pool.lend(owner) as file:
            return file.read(variable, Slab(years.start, years.stop, north, south))

    def read_map(self, variable: str) -> Float32 | None:
        """Read a variable on (latitude, longitude) of the first file that has it."""
        for number, record in enumerate(self._records):
            if variable in record.maps:
                with self.pool.lend(number) as file:
                    return file.read_map(variable)
        return None

    def cut_to(self, window: Grid, openers: Sequence[Callable[[], SourceFile]]) -> JoinedSource:
        """Return the part of the source in a window, whose files `openers` open; close this one."""
        self.pool.close()
        return JoinedSource(
            self.kind,
            self.path,
            window,
            self.years,
            FilePool(openers),
            self._records,
            [chunks.cut_to(window.n_lat, window.n_lon) for chunks in self._chunks],
            self.strands,
            self.notices,
            window,
        )

    def file_of(self, variable: Variable) -> AbstractContextManager[SourceFile]:
        """Return a context with the first file that has a variable open."""
        strand = self._strand_of[variable.column]
        owners = dict.fromkeys(int(owner) for owner in strand.owner if owner != NOWHERE)
        return self.pool.lend(next(n for n in owners if variable.name in self._chunks[n].codes))

    def first_file(self) -> AbstractContextManager[SourceFile]:
        """Return a context with the first file open, for its axes and attributes."""
        return self.pool.lend(0)

    def close(self) -> None:
        """Close all files; those of the caller stay open."""
        self.pool.close()


def _runs(strand: Strand, first: int, last: int) -> Iterator[tuple[int, slice]]:
    """Yield runs of years that are consecutive in one file: its number, and positions in it."""
    owner, position = strand.owner[first:last], strand.position[first:last]
    ends = np.flatnonzero((np.diff(owner) != 0) | (np.diff(position) != 1)) + 1
    for start, stop in zip([0, *ends], [*ends, last - first], strict=True):
        begin = int(position[start])
        yield int(owner[start]), slice(begin, begin + int(stop - start))
