"""What a build will take, told before it begins: rows, disk and time.

Rows come from the files: the cells that hold values in the first year (and, of emissions, others
than 0 in the last) times the number of years. Disk and time are rows times what was measured;
`docs/development/faults.md` says how far off that was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from loader.folders import require_space
from loader.reading.blocks import BlockReader, CellRule, first_cells
from loader.reading.plan import Block
from loader.reading.survey import CellSurvey
from loader.summary import TableReport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from loader.options import Options
    from loader.reading.landmask import LandMask
    from loader.reading.source import GriddedSource

__all__ = ["Estimate", "estimate", "refuse_full_disk"]

Bool = npt.NDArray[np.bool_]

_BYTES_OF_CELL = (1, 12)
"""Bytes in Parquet and in DuckDB of a row of the table cell, which has every cell of the grid."""

_BYTES_AT_LEAST = (50_000, 1_300_000)
"""The small tables, and DuckDB's views and comments."""

_VALUES_A_SECOND = 50e6
"""Read, encoded and loaded by two workers on two cores."""

_ROWS_A_SECOND = 4.5e6
"""The same for what each row costs beside its values."""

_ALONE = 1.6
"""How much longer one worker takes."""

_SECONDS_AT_LEAST = 1.5


@dataclass(frozen=True)
class Estimate:
    """What a build will take.

    Attributes
    ----------
    tables : tuple of TableReport
        Rows, years and cells of every gridded table.
    parquet_bytes, database_bytes : int
    seconds : float
    known : dict of str to ndarray of bool, shape (n_cells,)
        By table: cells that have a value in the first year, of tables that store such cells.
    """

    tables: tuple[TableReport, ...]
    parquet_bytes: int
    database_bytes: int
    seconds: float
    known: dict[str, Bool]


def estimate(
    sources: Mapping[str, GriddedSource], options: Options, mask: Callable[[], LandMask]
) -> Estimate:
    """Estimate rows, disk and time of a build; reads one or two maps of every source.

    Parameters
    ----------
    sources : mapping of str to GriddedSource
        By name, in the order of loading, on one grid.
    options : Options
    mask : callable
        Returns the land mask; called only where it decides what is stored.

    Returns
    -------
    Estimate

    Raises
    ------
    BadValueError
        If a map that is looked at is damaged or holds an undeclared fill value.
    """
    tables = []
    known: dict[str, Bool] = {}
    parquet, database = (float(size) for size in _BYTES_AT_LEAST)
    seconds = _SECONDS_AT_LEAST
    for source in sources.values():
        if not source.kind.all_years_decide and options.cells != "all":
            known[source.kind.table] = first_cells(source)
        cells = _cells(source, options.cells, mask, known)
        count, years = int(np.count_nonzero(cells)), len(source.years)
        values = count * years * len(source.variables)
        in_parquet, in_database = source.kind.value_bytes
        parquet += values * in_parquet
        if options.tables == "stored":
            database += values * in_database
        seconds += values / _VALUES_A_SECOND + count * years / _ROWS_A_SECOND
        first, last = int(source.years[0]), int(source.years[-1])
        tables.append(TableReport(source.kind.table, count * years, first, last, years, count))
    n_cells = next(iter(sources.values())).grid.n_cells
    return Estimate(
        tuple(tables),
        int(parquet + n_cells * _BYTES_OF_CELL[0]),
        int(database + n_cells * _BYTES_OF_CELL[1]),
        seconds * (_ALONE if options.workers == 1 else 1),
        known,
    )


def _cells(
    source: GriddedSource, chosen: str, mask: Callable[[], LandMask], known: Mapping[str, Bool]
) -> Bool:
    """Return which cells will have rows, as far as the first and the last year tell."""
    n_cells = source.grid.n_cells
    if chosen == "all":
        return np.ones(n_cells, dtype=np.bool_)
    if not source.kind.all_years_decide:
        found = known[source.kind.table]
        return found & mask().is_land.reshape(-1) if chosen == "land" else found
    present = first_cells(source)
    is_land = mask().is_land.reshape(-1)
    if chosen == "land":
        return present & is_land
    survey = CellSurvey(n_cells)
    reader = BlockReader(source, CellRule())
    for position in {0, len(source.years) - 1}:
        reader.survey(_year(source, position), survey)
    wanted = is_land | survey.nonzero
    return present & (wanted | known["state"] if "state" in known else wanted)


def _year(source: GriddedSource, position: int) -> Block:
    year = int(source.years[position])
    south = source.grid.n_lat
    return Block(source.kind.table, year, year, position, position + 1, 0, south)


def refuse_full_disk(folder: Path, needed: Estimate, stored: int = 0) -> int:
    """Refuse a build for which the disk has no room; what is published stays until the exchange.

    Parameters
    ----------
    folder : pathlib.Path
        An existing folder on the disk.
    needed : Estimate
    stored : int
        Bytes of the new build that lie there already.

    Returns
    -------
    int
        Bytes that are free.

    Raises
    ------
    OutputError
        If there is less than the build is estimated to need.
    """
    wanted = needed.parquet_bytes + needed.database_bytes - stored
    return require_space(folder, wanted, "the build", "choose another --out or fewer --years")
