"""Load the gridded tables: every block of every source is one job of a lane.

The job of a block runs in one thread. Before its turn it reads, sorts and digests the block, writes
its Parquet part, sums it and inserts it, uncommitted. Then it waits for its turn. In its turn it
commits, records the part in the manifest and updates the state of its table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from loader.building.cells import CellRules
from loader.building.parts import FreshPart, Part, ReusedPart, make_part, reuse_part
from loader.reading.blocks import BlockReader, CellRule, differ
from loader.reading.plan import plan_blocks
from loader.reading.survey import CellSurvey
from loader.reporting import Progress
from loader.storing.digest import TableDigest
from loader.storing.stage import StoredPart
from loader.summary import TableReport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from loader.building.estimate import Estimate
    from loader.building.groupsums import BlockSums
    from loader.building.series import Series
    from loader.building.squares import MapRows
    from loader.building.totals import Totals
    from loader.lanes import Turn
    from loader.options import Encoding, Options
    from loader.reading.landmask import LandMask
    from loader.reading.plan import Block
    from loader.reading.source import GriddedSource
    from loader.reporting import Reporter
    from loader.storing.database import DatabaseLane
    from loader.storing.stage import Stage

__all__ = ["Loading", "LocalMaker", "Maker", "Sink", "TableLoad"]

Bool = npt.NDArray[np.bool_]

_INDICES_AT_ONCE = 65_536


@dataclass
class TableLoad:
    """The state of one table while it is loaded.

    Only the lane that has the turn may write to it; every lane may read it at any time. That is
    safe because flags in `has_value` and `survey` are only ever set, never cleared, and a job
    checks in its turn whether what it read earlier was still incomplete.

    Attributes
    ----------
    source : GriddedSource
    blocks : tuple of Block
        In loading order.
    has_value : ndarray of bool, shape (n_cells,)
        Cells known to have a value in at least one year.
    stored : dict of Block to StoredPart
        Parts of an interrupted run.
    survey : CellSurvey or None
        Contents of the cells over all years, for a source that is surveyed first.
    is_surveyed : bool
        Whether `survey` is complete.
    digest : TableDigest
        Digest of the committed rows.
    stored_cells : ndarray of bool, shape (n_cells,)
        Cells that have a row.
    parts : list of str
        Files of the Parquet dataset, in the order of blocks.
    parquet_bytes : int
        Size of all parts.
    reused : int
        Number of parts that were reused from an interrupted run.
    """

    source: GriddedSource
    blocks: tuple[Block, ...]
    has_value: Bool
    stored: dict[Block, StoredPart] = field(default_factory=dict)
    survey: CellSurvey | None = None
    is_surveyed: bool = False
    digest: TableDigest = field(default_factory=TableDigest)
    stored_cells: Bool = field(default_factory=lambda: np.zeros(0, np.bool_))
    parts: list[str] = field(default_factory=list)
    parquet_bytes: int = 0
    reused: int = 0

    def __post_init__(self) -> None:
        self.stored_cells = np.zeros(self.source.grid.n_cells, dtype=np.bool_)

    @property
    def name(self) -> str:
        """Name of the table."""
        return self.source.kind.table

    def report(self) -> TableReport:
        """Return rows, years and cells."""
        years = self.digest.rows_of_year
        return TableReport(
            name=self.name,
            rows=self.digest.rows,
            first_year=min(years, default=None),
            last_year=max(years, default=None),
            years=len(years),
            cells=int(np.count_nonzero(self.stored_cells)),
        )


class Maker(Protocol):
    """Makes parts, in the calling lane or on a cluster."""

    def make(self, table: TableLoad, rule: CellRule, block: Block) -> FreshPart:
        """Return the part of a block, written under its final name."""

    def survey(self, table: TableLoad, block: Block) -> CellSurvey:
        """Return what the cells of a block hold over its years."""

    def stop(self) -> None:
        """Make the calls that wait for a part raise soon."""


class LocalMaker:
    """Makes each part in the calling lane.

    Parameters
    ----------
    stage : Stage
    encoding : {"split", "plain"}
        Encoding of the values in the Parquet files.
    """

    def __init__(self, stage: Stage, encoding: Encoding) -> None:
        self._stage = stage
        self._encoding = encoding

    def make(self, table: TableLoad, rule: CellRule, block: Block) -> FreshPart:
        """Return the part of a block, written under its final name."""
        path = self._stage.part_path(block)
        return make_part(table.source, rule, block, table.has_value, path, self._encoding)

    def survey(self, table: TableLoad, block: Block) -> CellSurvey:
        """Return what the cells of a block hold over its years."""
        survey = CellSurvey(table.source.grid.n_cells)
        BlockReader(table.source, CellRule()).survey(block, survey)
        return survey

    def stop(self) -> None:
        """Do nothing: a lane finishes its current block."""


class Loading:
    """Plans and runs the jobs that load all tables.

    Parameters
    ----------
    sources : mapping of str to GriddedSource
        By name, in loading order, on one grid.
    options : Options
    stage : Stage
        Receives the parts, and may hold parts of an interrupted build.
    expected : Estimate
        Its numbers of cells determine how the sources are divided into blocks.
    mask : callable
        Returns the land mask; called only where it is needed.
    reporter : Reporter

    Attributes
    ----------
    tables : dict of str to TableLoad
        By table, in loading order.
    """

    def __init__(
        self,
        sources: Mapping[str, GriddedSource],
        options: Options,
        stage: Stage,
        expected: Estimate,
        mask: Callable[[], LandMask],
        reporter: Reporter,
    ) -> None:
        self._stage = stage
        self._reporter = reporter
        self._rules = CellRules(options, mask)
        self._parts = stage.parts()
        cells = {table.name: table.cells for table in expected.tables}
        self.tables = {
            source.kind.table: self._table(
                source,
                plan_blocks(
                    source, cells[source.kind.table], options.block_bytes, options.block_years
                ),
                expected.known.get(source.kind.table),
            )
            for source in sources.values()
        }
        # Counted once: `surveys` returns fewer blocks as tables are surveyed.
        self._surveys = len(self.surveys())
        self._values_done = 0.0
        self._values = sum(len(s.years) * len(s.variables) for s in sources.values())

    def _table(
        self, source: GriddedSource, blocks: tuple[Block, ...], known: Bool | None
    ) -> TableLoad:
        name, count = source.kind.table, source.grid.n_cells
        self._stage.keep_only(name, blocks)
        has_value = np.zeros(count, dtype=np.bool_) if known is None else known.copy()
        if (stored_cells := self._stage.kept_cells(name, count)) is not None:
            has_value |= stored_cells
        table = TableLoad(source, blocks, has_value)
        if stored_cells is not None:
            # Parts alone do not say which cells have values: without the cells, load them again.
            parts = {block: self._parts.get(f"{name}/{block.name}") for block in blocks}
            table.stored = {block: part for block, part in parts.items() if part is not None}
        if self._rules.needs_survey(source):
            flags = self._stage.kept_cells(f"{name}-survey", CellSurvey.size(count))
            table.survey, table.is_surveyed = CellSurvey(count, flags), flags is not None
        return table

    def surveys(self) -> list[tuple[TableLoad, Block]]:
        """Return the blocks that must be surveyed first, in job order."""
        return [
            (table, block)
            for table in self.tables.values()
            if table.survey is not None and not table.is_surveyed
            for block in table.blocks
        ]

    def missing(self) -> list[tuple[TableLoad, Block]]:
        """Return the blocks without a part from an interrupted run, in job order."""
        return [
            (table, block)
            for table in self.tables.values()
            for block in table.blocks
            if block not in table.stored
        ]

    def jobs(self, maker: Maker, sink: Sink) -> list[Callable[[Turn], None]]:
        """Return the jobs: all surveys first, then the blocks table by table."""
        return [
            *(partial(self._survey, maker, table, block) for table, block in self.surveys()),
            *(
                partial(self._load, maker, sink, table, block)
                for table in self.tables.values()
                for block in table.blocks
            ),
        ]

    def jobs_until(self, name: str) -> int:
        """Return the number of leading `jobs` that must end before a table is complete.

        Without such a table these are the surveys.
        """
        names = list(self.tables)
        loaded = names[: names.index(name) + 1] if name in names else []
        return self._surveys + sum(len(self.tables[one].blocks) for one in loaded)

    def rule(self, table: TableLoad) -> CellRule:
        """Return which cells are stored, based on the states that have been loaded so far."""
        states = self.tables.get("state")
        has_state = None if states is None else states.has_value
        return self._rules.rule(table.source, table.survey, has_state)

    def _survey(self, maker: Maker, table: TableLoad, block: Block, turn: Turn) -> None:
        survey = maker.survey(table, block)
        turn.wait()
        assert table.survey is not None
        table.survey.merge(survey)
        if block == table.blocks[-1]:
            self._stage.keep_cells(f"{table.name}-survey", table.survey.packed())
            table.is_surveyed = True

    def _load(self, maker: Maker, sink: Sink, table: TableLoad, block: Block, turn: Turn) -> None:
        if table.survey is not None:
            turn.wait_for(self._surveys)
        rule = self.rule(table)
        part = self._reused(table, block) or maker.make(table, rule, block)
        sums = sink.insert(turn.lane, table.name, part)
        turn.wait()
        # Only now are all cells with a state known. If the part was made when fewer were known, it
        # is made again. In most files the first year has them all, so this is rare.
        if isinstance(part, FreshPart) and differ(rule, final := self.rule(table)):
            sink.roll_back(turn.lane)
            part = maker.make(table, final, block)
            sums = sink.insert(turn.lane, table.name, part)
        sink.commit(turn.lane, table.name, sums)
        self._account(table, block, part)

    def _reused(self, table: TableLoad, block: Block) -> ReusedPart | None:
        stored = table.stored.get(block)
        return None if stored is None else reuse_part(stored, self._stage.part_path(block))

    def _account(self, table: TableLoad, block: Block, part: Part) -> None:
        """Record a part that is complete on disk, and update the state of its table."""
        if isinstance(part, FreshPart):
            table.has_value[block.cells(table.source.grid.n_lon)] |= part.has_value
            noted = StoredPart(part.size, part.digest.rows_of_year, part.digest.content)
            self._stage.keep_part(block, noted, table.has_value)
        # The record of the table, which this lane may change: it has the turn.
        path = self._stage.part_path(block).relative_to(self._stage.parquet)
        table.digest.merge(part.digest)
        # In pieces: NumPy copies all indices of an assignment as 64-bit numbers.
        for batch in part.rows.select(["cell_id"]).to_batches(_INDICES_AT_ONCE):
            table.stored_cells[batch.column(0).to_numpy()] = True
        table.parts.append(f"/{path.as_posix()}")
        table.parquet_bytes += part.size
        table.reused += isinstance(part, ReusedPart)
        # Progress is counted in values of the file, of which the number is known from the start.
        share_of_rows = (block.south - block.north) / table.source.grid.n_lat
        years = block.last - block.first
        self._values_done += years * len(table.source.variables) * share_of_rows
        rows = sum(one.digest.rows for one in self.tables.values())
        share = self._values_done / self._values
        self._reporter.progress(Progress(table.name, block.last_year, rows, share))


class Sink:
    """Receives the rows of parts: inserts them into the database and sums them.

    Parameters
    ----------
    totals : callable
        Returns the totals; waits until they are prepared.
    squares : MapRows
        Receives the sums by square.
    lanes : callable
        Returns the connections of the lanes; waits until the tables exist. None if the tables are
        views of the parts.
    series : Series or None
        Makes the rows of eluc_series, if they are stored.
    """

    def __init__(
        self,
        totals: Callable[[], Totals],
        squares: MapRows,
        lanes: Callable[[], Sequence[DatabaseLane]] | None,
        series: Series | None = None,
    ) -> None:
        self._totals = totals
        self._squares = squares
        self._lanes = lanes
        self._series = series

    def insert(self, lane: int, table: str, part: Part) -> BlockSums | None:
        """Insert rows, uncommitted, and return their sums. Any lane may call this at any time."""
        sums = self._totals().sums_of(table, part.rows)
        if self._lanes is not None:
            own = self._lanes()[lane]
            own.insert(table, part.rows)
            if table == "eluc" and self._series is not None:
                own.insert("eluc_series", self._series.series_table(part.rows))
        return sums

    def roll_back(self, lane: int) -> None:
        """Roll back what the lane has inserted."""
        if self._lanes is not None:
            self._lanes()[lane].roll_back()

    def commit(self, lane: int, table: str, sums: BlockSums | None) -> None:
        """Commit what the lane has inserted, and add the sums. Only in the turn of the lane."""
        if self._lanes is not None:
            self._lanes()[lane].commit()
        self._totals().add(table, sums)
        self._squares.add(table, sums)
