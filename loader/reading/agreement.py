"""Whether files that become one source agree: in the values of a year, in variables and units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loader.errors import SourceError
from loader.reading.recognition import is_computed_with
from loader.reading.source import Slab
from loader.reading.units import same_unit
from loader.text import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loader.grid import Grid
    from loader.reading.pool import FilePool
    from loader.reading.source import FileRecord, Float32
    from loader.reading.sourcefile import SourceFile
    from loader.schema import Source, Variable

__all__ = ["require_equal", "require_fit"]


def require_equal(pool: FilePool, having: Mapping[int, Sequence[int]], grid: Grid) -> None:
    """Raise if two files hold different values of a year that both have.

    Parameters
    ----------
    pool : FilePool
        The files, on one grid.
    having : mapping of int to sequence of int
        By year: the numbers of the files in the pool that have it.
    grid : Grid

    Raises
    ------
    SourceError
        Names year, cell and both files.
    """
    for year, (first, *others) in having.items():
        for other in others:
            with pool.lend(first) as one, pool.lend(other) as two:
                _compare(one, two, year, grid)


def _compare(one: SourceFile, two: SourceFile, year: int, grid: Grid) -> None:
    names = {variable.name: variable for variable in one.variables}
    for variable in two.variables:
        if variable.name not in names:
            continue
        values = _year_of(one, names[variable.name], year)
        others = _year_of(two, variable, year)
        # Bit by bit, but every way to mark a missing value is the same.
        differ = values.view(np.uint32) != others.view(np.uint32)
        differ &= ~(np.isnan(values) & np.isnan(others))
        cells = np.flatnonzero(differ)
        if cells.size:
            where, count = int(cells[0]), f"{cells.size:,}"
            raise SourceError(
                two.path,
                f"differs from {one.path} in {year}, a year that both have: in {count} cells, "
                f"first at {grid.place(where)}: {others[where]!s} instead of {values[where]!s}. "
                "Choose the file of such years with --prefer first or --prefer last (in the order "
                "in which they are named)",
                variable.name,
            )


def _year_of(file: SourceFile, variable: Variable, year: int) -> Float32:
    """Return all values of a year, NaN where missing, shape (n_cells,)."""
    position = int(np.searchsorted(file.years, year))
    values = file.read(variable, Slab(position, position + 1, 0, file.grid.n_lat)).reshape(-1)
    missing = np.isnan(values)
    for code in file.codes(variable):
        missing |= values == code
    return np.where(missing, np.float32(np.nan), values)


def require_fit(kind: Source, files: Sequence[FileRecord]) -> list[str]:
    """Raise if files of one strand have different variables or units.

    Parameters
    ----------
    kind : Source
    files : sequence of FileRecord

    Returns
    -------
    list of str
        Notices on variables that some lack.

    Raises
    ------
    SourceError
    """
    notices: dict[str, list[str]] = {}
    first: dict[str, tuple[Variable, str]] = {}
    for file in files:
        for variable in file.variables:
            first.setdefault(variable.name, (variable, file.path))
    for file in files:
        own = {variable.name: variable for variable in file.variables}
        for name, (variable, path) in first.items():
            if name not in own:
                if is_computed_with(kind, name):
                    raise SourceError(
                        file.path,
                        f"has no {name}, which {path} has; the views compute with it, so all files "
                        f"of {kind.title} must have it, or none",
                        name,
                    )
                notices.setdefault(name, []).append(file.path)
            elif not same_unit(own[name].units, variable.units):
                raise SourceError(
                    file.path,
                    f'has units "{own[name].units}", but "{variable.units}" in {path}; expected '
                    "one unit in all files of a source: convert the values of one",
                    name,
                )
    return [
        f"{listed(paths)}: no variable {name}; it is NULL in the years of "
        f"{'that file' if len(paths) == 1 else 'those files'}"
        for name, paths in notices.items()
    ]
