"""Estimate the rows, disk space and time of a build before it begins.

The number of rows is the number of cells with values in the first year (for emissions, also with
values other than 0 in the last) times the number of years. Disk space and time are rows times
measured rates; `docs/development/faults.md` has the errors of these estimates.
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

    from loader.building.sources import Sources
    from loader.options import Options
    from loader.reading.landmask import LandMask
    from loader.reading.source import GriddedSource

__all__ = ["Estimate", "estimate", "refuse_full_disk"]

Bool = npt.NDArray[np.bool_]

_BYTES_OF_CELL = (1, 12)
"""Bytes per row of the table cell, which has every cell of the grid, in Parquet and in DuckDB."""

_BYTES_AT_LEAST = (50_000, 2_900_000)
"""Bytes of the other small tables, and of DuckDB's views and comments."""

_BYTES_IN_SERIES = 2.8
"""Bytes that an emission takes in the lists of eluc_series, in DuckDB."""

_BYTES_OF_MAP_YEAR = 1_800_000
"""Bytes that a year of luc_map_1deg takes in DuckDB where the grid is of one degree or finer."""

_CELLS_OF_ONE_DEGREE = 64_800

_VALUES_A_SECOND = 50e6
"""Values per second that two workers read, encode and load on two cores."""

_ROWS_A_SECOND = 4.5e6
"""The cost of a row in addition to its values, as rows per second."""

_READ_A_SECOND = 300e6
"""Values per second of chunks that two workers read beyond a window, and do not load."""

_ALONE = 1.6
"""Time of one worker as a multiple of that of two."""

_SECONDS_AT_LEAST = 1.5


@dataclass(frozen=True)
class Estimate:
    """The estimated size and duration of a build.

    Attributes
    ----------
    tables : tuple of TableReport
        Rows, years and cells of every gridded table.
    parquet_bytes, database_bytes : int
    seconds : float
    known : dict of str to ndarray of bool, shape (n_cells,)
        By table: cells with a value in the first year. Only tables that store those cells.
    """

    tables: tuple[TableReport, ...]
    parquet_bytes: int
    database_bytes: int
    seconds: float
    known: dict[str, Bool]


def estimate(sources: Sources, options: Options, mask: Callable[[], LandMask]) -> Estimate:
    """Estimate rows, disk space and time of a build from one or two maps of every source.

    Parameters
    ----------
    sources : Sources
    options : Options
    mask : callable
        Returns the land mask; called only where the stored cells depend on it.

    Returns
    -------
    Estimate

    Raises
    ------
    BadValueError
        If one of these maps is damaged or holds an undeclared fill value.
    """
    # Rows: cells times years. Values: rows times variables. Bytes and seconds follow from both.
    tables = []
    known: dict[str, Bool] = {}
    parquet, database = (float(size) for size in _BYTES_AT_LEAST)
    seconds = _SECONDS_AT_LEAST
    gridded = sources.gridded
    for name, source in gridded.items():
        if not source.kind.all_years_decide and options.cells != "all":
            known[source.kind.table] = first_cells(source)
        cells = _cells(source, options.cells, mask, known)
        count, years = int(np.count_nonzero(cells)), len(source.years)
        values = count * years * len(source.variables)
        in_parquet, in_database = source.kind.value_bytes
        parquet += values * in_parquet
        if options.tables == "stored":
            database += values * in_database
        if name == "eluc" and options.may_have_series:
            database += values * _BYTES_IN_SERIES
        seconds += values / _VALUES_A_SECOND + count * years / _ROWS_A_SECOND
        # Chunks are read completely, even if a window needs only a part of them.
        excess = max(0, sources.read_cells.get(name, 0) - source.grid.n_cells)
        seconds += excess * years * len(source.variables) / _READ_A_SECOND
        first, last = int(source.years[0]), int(source.years[-1])
        tables.append(TableReport(source.kind.table, count * years, first, last, years, count))
    n_cells = next(iter(gridded.values())).grid.n_cells
    if {"states", "eluc"} <= set(gridded):
        mapped = min(len(gridded["states"].years), len(gridded["eluc"].years))
        database += mapped * _BYTES_OF_MAP_YEAR * min(1.0, n_cells / _CELLS_OF_ONE_DEGREE)
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
    """Return the cells that will have rows, estimated from the first and the last year."""
    n_cells = source.grid.n_cells
    if chosen == "all":
        return np.ones(n_cells, dtype=np.bool_)
    if not source.kind.all_years_decide:
        with_value = known[source.kind.table]
        return with_value & mask().is_land.reshape(-1) if chosen == "land" else with_value
    # Emissions: a cell is stored if it is land, has a state, or is not 0 in some year.
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
    """Raise if the disk has too little space; the published files stay until the exchange.

    Parameters
    ----------
    folder : pathlib.Path
        An existing folder on that disk.
    needed : Estimate
    stored : int
        Bytes of the new build that are there already.

    Returns
    -------
    int
        Free bytes.

    Raises
    ------
    OutputError
        If there is less free space than the estimate.
    """
    wanted = needed.parquet_bytes + needed.database_bytes - stored
    return require_space(folder, wanted, "the build", "choose another --out or fewer --years")
