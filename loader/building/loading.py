"""Load the gridded tables: every source through the same path, one after the other, in blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from loader.building.cells import StoredCells
from loader.errors import OutputError
from loader.pipeline import aside, in_turn, overlap
from loader.reading.blocks import BlockReader
from loader.reading.plan import Block, plan_blocks
from loader.reporting import Progress
from loader.storing.arrow import table_schema, to_arrow
from loader.storing.digest import TableDigest
from loader.storing.earlier import EarlierParts
from loader.storing.parquet import commit_part, read_part, write_part
from loader.storing.staging import Part
from loader.summary import TableReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy.typing as npt
    import pyarrow as pa

    from loader.building.totals import Totals
    from loader.cluster.build import Cluster
    from loader.cluster.reading import ClusterReader
    from loader.options import Options
    from loader.reading.blocks import CellRule
    from loader.reading.landmask import LandMask
    from loader.reading.source import GriddedSource
    from loader.reading.survey import CellSurvey
    from loader.reporting import Reporter
    from loader.storing.database import StagedDatabase
    from loader.storing.staging import Stage

__all__ = ["Loaded", "load_tables"]


@dataclass
class Loaded:
    """What was loaded.

    Attributes
    ----------
    digests : dict of str to TableDigest
        By table.
    has_value : dict of str to ndarray of bool, shape (n_cells,)
        By table: cells with a value that is not missing in some loaded year.
    stored_cells : dict of str to ndarray of bool, shape (n_cells,)
        By table: cells with a row.
    surveys : dict of str to CellSurvey
        By table, of the sources that had to be looked through.
    parquet_bytes : int
        Size of all parts.
    parts : dict of str to list of str
        By table: files below the Parquet data set, in order.
    reused : int
        Parts that were not written: an interrupted build had left them, or the published one has
        them too.
    """

    digests: dict[str, TableDigest] = field(default_factory=dict)
    has_value: dict[str, npt.NDArray[np.bool_]] = field(default_factory=dict)
    stored_cells: dict[str, npt.NDArray[np.bool_]] = field(default_factory=dict)
    surveys: dict[str, CellSurvey] = field(default_factory=dict)
    parquet_bytes: int = 0
    reused: int = 0
    parts: dict[str, list[str]] = field(default_factory=dict)

    def reports(self) -> tuple[TableReport, ...]:
        """Return rows, years and cells of every table."""
        return tuple(
            TableReport(
                name=table,
                rows=digest.rows,
                first_year=min(digest.rows_of_year, default=None),
                last_year=max(digest.rows_of_year, default=None),
                years=len(digest.rows_of_year),
                cells=int(np.count_nonzero(self.stored_cells[table])),
            )
            for table, digest in self.digests.items()
        )


@dataclass(frozen=True)
class _Item:
    """The rows of a block on their way.

    `part` is set if they come from an earlier part, `size` if a worker has written the part.
    """

    block: Block
    rows: pa.Table
    digest: TableDigest
    part: Part | None
    size: int | None = None


def load_tables(
    sources: Mapping[str, GriddedSource],
    options: Options,
    stage: Stage,
    database: StagedDatabase,
    mask: Callable[[], LandMask],
    totals: Totals,
    reporter: Reporter,
    cluster: Cluster | None = None,
    earlier: EarlierParts | None = None,
) -> Loaded:
    """Read all sources, write their Parquet parts and load the database.

    Parameters
    ----------
    sources : mapping of str to GriddedSource
        By name, in the order of loading, on one grid.
    options : Options
    stage : Stage
        Where parts go, and where those of an interrupted build lie.
    database : StagedDatabase
        With empty tables and an open transaction.
    mask : callable
        Returns the land mask; waited for only where it is needed.
    totals : Totals
        Adds up what passes.
    reporter : Reporter
    cluster : Cluster, optional
        Reads the blocks instead of this process, and writes all their parts.
    earlier : EarlierParts, optional
        Published parts; those that hold the rows that are read are used again.

    Returns
    -------
    Loaded

    Raises
    ------
    LucLoadError
        Whatever a stage raises.
    """
    loading = _Loading(sources, options, stage, mask, cluster, earlier)

    def interrupt() -> None:
        if cluster is not None:
            cluster.stop()
        database.interrupt()

    def finished(item: _Item) -> None:
        reporter.progress(loading.account(item))

    sinks: list[Callable[[_Item], None]] = [
        loading.keep_part,
        lambda item: totals.add(item.block.table, item.rows),
    ]
    if options.tables == "stored":
        sinks.append(lambda item: database.insert(item.block.table, item.rows))
    try:
        if options.workers == 1:
            alone = partial(in_turn, loading.items(), sinks, finished)
            aside(alone, interrupt)
        else:
            overlap(loading.items(), sinks, finished, interrupt)
    finally:
        reporter.finished()
    return loading.loaded


class _Loading:
    """The state of one run through the sources."""

    def __init__(
        self,
        sources: Mapping[str, GriddedSource],
        options: Options,
        stage: Stage,
        mask: Callable[[], LandMask],
        cluster: Cluster | None,
        earlier: EarlierParts | None,
    ) -> None:
        self.loaded = Loaded()
        self._cluster = cluster
        self._sources = sources
        self._options = options
        self._stage = stage
        self._earlier = earlier or EarlierParts(None)
        self._kept: dict[Block, tuple[int, bool]] = {}
        self._cells = StoredCells(options, stage, mask, cluster)
        self.loaded.surveys = self._cells.surveys
        self._rules: dict[str, CellRule] = {}
        self._known_cells: dict[str, int] = {}
        self._values_done = 0.0
        self._values = sum(len(s.years) * len(s.variables) for s in sources.values())
        self._weights = {s.kind.table: len(s.variables) for s in sources.values()}

    def items(self) -> Iterator[_Item]:
        """Yield the rows of every block of every source."""
        parts = self._stage.parts()
        for source in self._sources.values():
            table = source.kind.table
            rule = self._cells.rule(source, self.loaded.has_value.get("state"))
            self._rules[table] = rule
            self.loaded.has_value[table] = rule.has_value
            self.loaded.digests[table] = TableDigest()
            self.loaded.stored_cells[table] = np.zeros(source.grid.n_cells, dtype=np.bool_)
            reader = BlockReader(source, rule)
            schema = table_schema(source.kind, source.variables)
            # Without what was learned about cells, earlier parts say only half of it.
            known = self._stage.kept_cells(table, source.grid.n_cells) is not None
            blocks = plan_blocks(source, reader.seed(), self._options.block_bytes)
            self._stage.keep_only(table, blocks)
            earlier = {b: parts.get(f"{table}/{b.name}") if known else None for b in blocks}
            missing = [block for block, part in earlier.items() if part is None]
            elsewhere = (
                self._cluster.reader(source, rule, missing, self._options.parquet_encoding)
                if self._cluster
                else None
            )
            for block, part in earlier.items():
                if part is None and elsewhere is not None:
                    yield self._fetch(elsewhere, block)
                    continue
                item = self._reuse(block, part) if part is not None else None
                yield item if item is not None else self._read(reader, block, schema)

    def keep_part(self, item: _Item) -> None:
        """Write the part of a block, unless it lies there already or is published."""
        if item.part is not None:
            self._kept[item.block] = item.part.size, True
            return
        table = item.block.table
        path = self._stage.part_path(item.block)
        size = item.size
        taken = self._earlier.take(item.block, item.rows, path) if size is None else None
        if size is None:
            size = taken or write_part(item.rows, path, self._options.parquet_encoding)
        learned = int(np.count_nonzero(self._rules[table].has_value))
        if learned != self._known_cells.get(table):
            self._known_cells[table] = learned
            self._stage.keep_cells(table, self._rules[table].has_value)
        self._stage.add_part(item.block, Part(size, item.digest.rows_of_year, item.digest.content))
        self._kept[item.block] = size, taken is not None

    def account(self, item: _Item) -> Progress:
        """Add a finished block to what was loaded."""
        block = item.block
        self.loaded.digests[block.table].merge(item.digest)
        path = self._stage.part_path(block).relative_to(self._stage.parquet)
        self.loaded.parts.setdefault(block.table, []).append(f"/{path.as_posix()}")
        self.loaded.stored_cells[block.table][item.rows.column("cell_id").to_numpy()] = True
        size, reused = self._kept.pop(block)
        self.loaded.parquet_bytes += size
        self.loaded.reused += reused
        share_of_rows = (block.south - block.north) / self._n_lat
        self._values_done += (block.last - block.first) * self._weights[block.table] * share_of_rows
        rows = sum(digest.rows for digest in self.loaded.digests.values())
        return Progress(block.table, block.last_year, rows, self._values_done / self._values)

    @property
    def _n_lat(self) -> int:
        return next(iter(self._sources.values())).grid.n_lat

    def _read(self, reader: BlockReader, block: Block, schema: pa.Schema) -> _Item:
        rows = reader.read(block)
        digest = TableDigest()
        digest.add(rows.cell_id, rows.year, rows.values)
        return _Item(block, to_arrow(rows, schema), digest, None)

    def _fetch(self, reader: ClusterReader, block: Block) -> _Item:
        """Give the part that a worker made its final name, and return its rows."""
        attempt = reader.take(block)
        path = self._stage.part_path(block)
        commit_part(Path(attempt.path), path)
        return _Item(block, read_part(path), attempt.digest, None, attempt.size)

    def _reuse(self, block: Block, part: Part) -> _Item | None:
        """Return the rows of an earlier part, or None if it is not what was written."""
        try:
            rows = read_part(self._stage.part_path(block))
        except OutputError:
            return None
        digest = TableDigest.of(rows)
        if (digest.rows_of_year, digest.content) != (part.rows_of_year, part.content):
            return None
        return _Item(block, rows, digest, part)
