"""Open the files of a source and join their years."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.errors import GridError, SourceError
from loader.reading.agreement import require_equal, require_fit
from loader.reading.joined import NOWHERE, Chunks, JoinedSource, Strand
from loader.reading.pool import FilePool
from loader.reading.recognition import cut_source, open_source
from loader.reading.source import FileRecord
from loader.reading.sourcefile import SourceFile
from loader.reading.window import common_window
from loader.text import listed
from loader.years import years_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loader.grid import Grid
    from loader.options import Prefer
    from loader.reading.inputfile import InputFile
    from loader.reading.source import GriddedSource
    from loader.schema import Source, Variable

__all__ = ["cut_files", "open_files"]


@dataclass(frozen=True)
class _Opened:
    """What opening a file showed; the file may be closed again."""

    record: FileRecord
    chunks: Chunks
    grid: Grid
    notices: tuple[str, ...]


def open_files(
    kind: Source,
    files: Sequence[InputFile],
    years: tuple[int | None, int | None] = (None, None),
    prefer: Prefer | None = None,
) -> GriddedSource:
    """Open the files of a source and join their years; no more than a few stay open.

    Parameters
    ----------
    kind : Source
        The kind of source that each file must be.
    files : sequence of InputFile
        At least one, in any order.
    years : tuple of (int or None, int or None)
        First and last year to load, both included.
    prefer : {"first", "last"}, optional
        Which file a year that several have comes from, in the order of `files`. By default the
        values of such a year must be equal.

    Returns
    -------
    GriddedSource
        Of files with different extent, only the cells that all of them cover.

    Raises
    ------
    SourceError
        If a file is invalid, no file has a wanted year, the files do not fit together, or they
        hold different values of the same year.
    GridError
        If their grids do not overlap.
    """
    if len(files) == 1:
        (file,) = files
        return open_source(kind, file.where, years, key=file.key, product=file.product)
    # 1. Look into every file, in turn: the pool closes those that are not used.
    pool = FilePool([_opener(kind, file) for file in files])
    try:
        opened = [_look(pool, number) for number in range(len(files))]
        # 2. Bring all to the cells that they share.
        window = _window(opened)
        is_cut = any(not one.grid.same_as(window) for one in opened)
        if is_cut:
            pool, opened = _cut_pool(pool, opened, window)
        # 3. Find the file of every year, product by product.
        return _join(kind, pool, opened, years, prefer, window, is_cut=is_cut)
    except BaseException:
        pool.close()
        raise


def cut_files(source: GriddedSource, window: Grid) -> GriddedSource:
    """Return a source that is restricted to a part of the grid; it has the files of `source`.

    Raises
    ------
    GridError
        If the grid of the source does not hold all of the window.
    """
    if isinstance(source, SourceFile):
        return cut_source(source, window)
    assert isinstance(source, JoinedSource)
    return source.cut_to(window, _cut_openers(source.pool, window))


def _opener(kind: Source, file: InputFile) -> Callable[[], SourceFile]:
    opener = partial(open_source, kind, file.where, key=file.key, product=file.product)
    if isinstance(file.where, str):
        return opener
    # A dataset of the caller stays open.
    opened = opener()
    return lambda: opened


def _look(pool: FilePool, number: int) -> _Opened:
    with pool.lend(number) as file:
        return _Opened(file.files[0], Chunks.of(file), file.grid, file.notices)


def _cut_openers(pool: FilePool, window: Grid) -> list[Callable[[], SourceFile]]:
    return [partial(_open_cut, opener, window) for opener in pool.openers]


def _open_cut(opener: Callable[[], SourceFile], window: Grid) -> SourceFile:
    file = opener()
    return file if file.grid.same_as(window) else cut_source(file, window)


def _cut_pool(
    pool: FilePool, opened: Sequence[_Opened], window: Grid
) -> tuple[FilePool, list[_Opened]]:
    pool.close()
    cut = FilePool(_cut_openers(pool, window))
    return cut, [
        replace(one, grid=window, chunks=one.chunks.cut_to(window.n_lat, window.n_lon))
        for one in opened
    ]


def _window(opened: Sequence[_Opened]) -> Grid:
    first, *others = opened
    for other in others:
        if not other.grid.same_as(first.grid) and common_window([first.grid, other.grid]) is None:
            raise GridError(
                other.record.path,
                f"has another grid ({other.grid}) than {first.record.path} ({first.grid}); all "
                "files of a source must have the same grid: regrid one of them first",
            )
    window = common_window([one.grid for one in opened])
    if window is None:
        raise GridError(
            first.record.path,
            f"no area is covered by all {len(opened)} files; expected files of the same area",
        )
    return window


def _join(
    kind: Source,
    pool: FilePool,
    opened: Sequence[_Opened],
    wanted: tuple[int | None, int | None],
    prefer: Prefer | None,
    grid: Grid,
    *,
    is_cut: bool,
) -> JoinedSource:
    """Return the source of files on one grid."""
    products = list(dict.fromkeys(one.record.product for one in opened))
    # 1. The file of every year, by product; where several have a year, they must agree.
    owners: dict[str, dict[int, int]] = {}
    for product in products:
        numbers = [n for n, one in enumerate(opened) if one.record.product == product]
        having = _files_of_years(opened, numbers, wanted)
        if not having:
            raise _outside(opened, numbers, wanted)
        if prefer is None:
            require_equal(pool, having, grid)
        owners[product] = {
            year: numbers[-1 if prefer == "last" else 0] for year, numbers in having.items()
        }
    # 2. Files without a year of their own are not needed; the others in the order of their years.
    first_year = {
        number: min(year for year, owner in of_year.items() if owner == number)
        for of_year in owners.values()
        for number in set(of_year.values())
    }
    order = sorted(
        first_year, key=lambda n: (products.index(opened[n].record.product), first_year[n])
    )
    kept = [opened[number] for number in order]
    renumbered = {number: place for place, number in enumerate(order)}
    # 3. Strands of variables, on the years of all products.
    years = np.array(sorted(set().union(*owners.values())), dtype=np.int16)
    notices = _merged_notices(kept)
    if is_cut:
        text = (
            f"only the cells that all {len(opened)} files of {kind.title} have are loaded ({grid})"
        )
        notices.append(f"{kept[0].record.path}: {text}")
    strands = []
    for product, of_year in owners.items():
        members = [one for one in kept if one.record.product == product]
        notices += require_fit(kind, [one.record for one in members])
        owner = np.array(
            [renumbered[of_year[year]] if year in of_year else NOWHERE for year in years.tolist()],
            dtype=np.int32,
        )
        position = np.full(len(years), -1, dtype=np.int64)
        for number, one in enumerate(kept):
            mine = owner == number
            position[mine] = np.searchsorted(one.record.years, years[mine])
        strands.append(Strand(_union(members), owner, position))
    # 4. Each record keeps the years that are loaded from its file.
    records = [_owning(one.record, years, strands, number) for number, one in enumerate(kept)]
    return JoinedSource(
        kind,
        _description(records),
        grid,
        years,
        pool.chosen(order),
        records,
        [one.chunks for one in kept],
        strands,
        tuple(notices),
        window=grid if is_cut else None,
    )


def _files_of_years(
    opened: Sequence[_Opened], numbers: Sequence[int], wanted: tuple[int | None, int | None]
) -> dict[int, list[int]]:
    """Return the numbers of the files that have each wanted year."""
    first, last = wanted
    having: dict[int, list[int]] = {}
    for number in numbers:
        for year in opened[number].record.years.tolist():
            if (first is None or year >= first) and (last is None or year <= last):
                having.setdefault(year, []).append(number)
    return having


def _outside(
    opened: Sequence[_Opened], numbers: Sequence[int], wanted: tuple[int | None, int | None]
) -> SourceError:
    records = [opened[number].record for number in numbers]
    first = min(int(record.years[0]) for record in records)
    last = max(int(record.years[-1]) for record in records)
    return SourceError(
        _description(records),
        f"--years {years_text(wanted)} matches none of its years ({first} to {last}); choose "
        "others",
    )


def _union(members: Sequence[_Opened]) -> tuple[Variable, ...]:
    """Return the variables of all files, those of the first year first."""
    variables: dict[str, Variable] = {}
    for one in members:
        for variable in one.record.variables:
            variables.setdefault(variable.column, variable)
    return tuple(variables.values())


def _owning(
    record: FileRecord, years: npt.NDArray[np.int16], strands: Sequence[Strand], number: int
) -> FileRecord:
    """Return a record with the years that are loaded from its file."""
    (strand,) = (strand for strand in strands if np.any(strand.owner == number))
    mine = strand.owner == number
    name, values, attributes = record.time
    return replace(
        record, years=years[mine], time=(name, values[strand.position[mine]], attributes)
    )


def _merged_notices(members: Sequence[_Opened]) -> list[str]:
    """Return the notices on all files; one on many files names the first ones."""
    paths: dict[str, list[str]] = {}
    for one in members:
        path = one.record.path
        for notice in one.notices:
            paths.setdefault(notice.removeprefix(f"{path}: "), []).append(path)
    return [f"{listed(files)}: {text}" for text, files in paths.items()]


def _description(records: Sequence[FileRecord]) -> str:
    return listed([record.path for record in records])
