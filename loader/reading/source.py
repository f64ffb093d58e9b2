"""A gridded source with a known layout: its grid, years, variables and values.

A `GriddedSource` is what the rest of luc-load sees. It is one file, in `loader.reading.sourcefile`,
or several that are joined, in `loader.reading.joined`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from loader.grid import Grid
    from loader.reading.sourcefile import SourceFile
    from loader.schema import Source, Variable

__all__ = ["FileRecord", "Float32", "GriddedSource", "Slab", "Stretch"]

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Slab:
    """A box of a source: years `first` to `last - 1` by position, rows `north` to `south - 1`."""

    first: int
    last: int
    north: int
    south: int


@dataclass(frozen=True)
class Stretch:
    """Consecutive years that are stored alike; no block crosses the end of one.

    Attributes
    ----------
    first, last : int
        Positions among the loaded years of the source; `last` is not included.
    chunk_shape : tuple of int
        Extent of a stored chunk along (time, latitude, longitude).
    steps : ndarray of int64, shape (last - first,)
        Step of the file's time axis for each year. Several files make a stretch only if their
        chunks hold one year; then the steps have no meaning.
    """

    first: int
    last: int
    chunk_shape: tuple[int, int, int]
    steps: npt.NDArray[np.int64]


@dataclass(frozen=True)
class FileRecord:
    """What is known of one file of a source while it is closed.

    Attributes
    ----------
    key : str
        Key of its fingerprint and digest, unique within a build.
    path : str
        As the user named it.
    product : str
        The column of a further ELUC product; "" otherwise.
    attributes : dict of str to object
        Global attributes.
    of_first : dict of str to object
        Attributes of its first variable.
    years : ndarray of int16, shape (n,)
        Years that are loaded from it, ascending.
    variables : tuple of Variable
    time : tuple of (str, ndarray, dict)
        Name, encoded values and attributes of the time axis; the values are those of `years`.
    maps : frozenset of str
        Variables on (latitude, longitude).
    """

    key: str
    path: str
    product: str
    attributes: dict[str, object]
    of_first: dict[str, object]
    years: npt.NDArray[np.int16]
    variables: tuple[Variable, ...]
    time: tuple[str, npt.NDArray[Any], dict[str, Any]]
    maps: frozenset[str]


class GriddedSource(ABC):
    """A source of yearly grids whose layout is known, ready to be read.

    Attributes
    ----------
    kind : Source
        The kind of source, which names its table.
    path : str
        The file as the user named it, or a description of several or of a dataset in memory.
    grid : Grid
        The nominal grid of its coordinates.
    years : ndarray of int16, shape (n,)
        Its calendar years, ascending.
    variables : tuple of Variable
        The variables that become columns, with the file's own attributes.
    notices : tuple of str
        What the user should know about the file.
    window : Grid or None
        The grid, where it is only a part of the file's own.
    """

    kind: Source
    path: str
    grid: Grid
    years: npt.NDArray[np.int16]
    variables: tuple[Variable, ...]
    notices: tuple[str, ...]
    window: Grid | None

    @property
    @abstractmethod
    def files(self) -> tuple[FileRecord, ...]:
        """The files that rows come from, by product, then by their first year."""

    @property
    @abstractmethod
    def stretches(self) -> tuple[Stretch, ...]:
        """The years, cut where the layout of the chunks changes."""

    @property
    def attributes(self) -> dict[str, object]:
        """The global attributes of the first file."""
        return self.files[0].attributes

    @cached_property
    def deciding(self) -> tuple[Variable, ...]:
        """The variables that decide which cells have rows: of the states, the land uses.

        All variables of emissions, and of a source that the views do not compute with.
        """
        if self.kind.all_years_decide:
            return self.variables
        needed = tuple(v for v in self.variables if v.name in self.kind.required)
        return needed or self.variables

    @abstractmethod
    def path_at(self, variable: Variable, position: int) -> str:
        """Return the file that has a variable in the year at `position`, for messages."""

    @abstractmethod
    def chunk_years(self, variable: Variable, position: int) -> int:
        """Return how many years a chunk of a variable holds from the year at `position` on."""

    def reading_order(self, first: int, last: int) -> Iterator[tuple[Variable, int, int]]:
        """Yield variables and ranges of years, each a part of a chunk, in the best order to read.

        Parameters
        ----------
        first, last : int
            Positions among the loaded years; `last` is not included.
        """
        for variable in self.variables:
            yield from self._ranges(variable, first, last)

    def _ranges(
        self, variable: Variable, first: int, last: int
    ) -> Iterator[tuple[Variable, int, int]]:
        """Cut the years of one variable into ranges of a chunk's length."""
        while first < last:
            end = min(first + self.chunk_years(variable, first), last)
            yield variable, first, end
            first = end

    @abstractmethod
    def codes(self, variable: Variable, position: int = 0) -> tuple[np.generic, ...]:
        """Return the values that mean missing in the result of `read` for a year."""

    @abstractmethod
    def limits(self, variable: Variable, position: int = 0) -> tuple[float, float] | None:
        """Return the range outside of which a value of a year is an error, or None."""

    @abstractmethod
    def read(self, variable: Variable, slab: Slab) -> Float32:
        """Read a box of one variable in grid order.

        Parameters
        ----------
        variable : Variable
            One of `variables`.
        slab : Slab

        Returns
        -------
        ndarray of float32, shape (years, rows, n_lon)
            Years ascending, rows from north to south, columns from west to east. Missing values
            are NaN or one of `codes(variable, position)`.

        Raises
        ------
        BadValueError
            If the file is damaged there; names the file, the variable and the year.
        """

    @abstractmethod
    def read_map(self, variable: str) -> Float32 | None:
        """Read a variable on (latitude, longitude), in grid order, or None if there is none.

        Returns
        -------
        ndarray of float32, shape (n_lat, n_lon), or None
            Missing values are NaN.

        Raises
        ------
        BadValueError
            If the file is damaged there.
        """

    @abstractmethod
    def first_file(self) -> AbstractContextManager[SourceFile]:
        """Return a context with the file of the first year open, for its axes and attributes."""

    @abstractmethod
    def file_of(self, variable: Variable) -> AbstractContextManager[SourceFile]:
        """Return a context with the first file that has a variable open."""

    @abstractmethod
    def close(self) -> None:
        """Close all files; reading afterwards fails."""
