"""Blocks made on a cluster ahead of the client, with the very result of reading them in turn."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loader.cluster.opened import Reference
from loader.cluster.tasks import Attempt, CellBits, Task, make_attempt, survey_block
from loader.reading.survey import CellSurvey
from loader.remote.stores import is_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from distributed import Future

    from loader.cluster.connection import Connection
    from loader.options import Encoding
    from loader.reading.blocks import CellRule
    from loader.reading.fingerprint import Fingerprint
    from loader.reading.plan import Block
    from loader.reading.source import GriddedSource

__all__ = ["ClusterReader", "reference_to", "survey_cells"]


def reference_to(
    source: GriddedSource,
    status: Fingerprint,
    years: tuple[int | None, int | None],
    storage_options: Mapping[str, Any],
) -> Reference:
    """Return what a worker needs in order to open a source."""
    path = source.path if is_address(source.path) else str(Path(source.path).resolve())
    options = json.dumps(dict(storage_options), sort_keys=True)
    return Reference(source.kind.name, path, years, status.size, status.mtime_ns, options)


class ClusterReader:
    """Makes the blocks of one source on a cluster, in the order in which they are taken.

    Which cells a block stores depends on what was learned from the blocks before it. A block is
    therefore made with what is known when it is submitted, and made again if an earlier block, not
    yet known then, turned out to have further cells in its rows. Files whose missing values lie in
    the same cells every year are read once.

    Parameters
    ----------
    connection : Connection
    reference : Reference
    rule : CellRule
        Learns as blocks are taken.
    blocks : sequence of Block
        Those to be made, in order.
    n_lon : int
        Cells of a row of the grid.
    folder : pathlib.Path
        Where attempts are written; it exists and all workers see it.
    encoding : {"split", "plain"}
        Of the values in the Parquet files.
    """

    def __init__(
        self,
        connection: Connection,
        reference: Reference,
        rule: CellRule,
        blocks: Sequence[Block],
        n_lon: int,
        folder: Path,
        encoding: Encoding,
    ) -> None:
        self._connection = connection
        self._reference = reference
        self._rule = rule
        self._n_lon = n_lon
        self._folder = folder
        self._encoding = encoding
        self._waiting = deque(blocks)
        self._running: deque[tuple[Task, Future[Attempt]]] = deque()

    def take(self, block: Block) -> Attempt:
        """Wait for the next block.

        Parameters
        ----------
        block : Block
            The next of those given.

        Returns
        -------
        Attempt
            The same rows in the same order as a local build makes.

        Raises
        ------
        LucLoadError
            What went wrong on the worker or with the cluster.
        """
        self._submit_ahead()
        task, future = self._running.popleft()
        assert task.block == block
        attempt: Attempt = self._connection.result(future)
        if self._rule.stored is None and task.has_value != self._known(block):
            Path(attempt.path).unlink(missing_ok=True)
            task = self._task(block)
            attempt = self._connection.result(self._submit(task))
        self._rule.has_value[self._cells(block)] |= attempt.has_value.array()
        return attempt

    def _submit_ahead(self) -> None:
        window = self._connection.window
        while self._waiting and len(self._running) < window:
            task = self._task(self._waiting.popleft())
            self._running.append((task, self._submit(task)))

    def _submit(self, task: Task) -> Future[Attempt]:
        # Earlier blocks first, and one that is made again before all others: it is waited for.
        return self._connection.submit(make_attempt, task, priority=-task.block.first)

    def _task(self, block: Block) -> Task:
        rule, cells = self._rule, self._cells(block)
        return Task(
            self._reference,
            block,
            str(self._folder),
            self._known(block),
            None if rule.stored is None else CellBits.of(rule.stored[cells]),
            None if rule.only is None else CellBits.of(rule.only[cells]),
            rule.keep_empty,
            self._encoding,
        )

    def _known(self, block: Block) -> CellBits:
        return CellBits.of(self._rule.has_value[self._cells(block)])

    def _cells(self, block: Block) -> slice:
        return block.cells(self._n_lon)


def survey_cells(
    connection: Connection,
    reference: Reference,
    blocks: Iterable[Block],
    shape: tuple[int, int],
) -> CellSurvey:
    """Return what the cells of a source hold over the years.

    Parameters
    ----------
    connection : Connection
    reference : Reference
    blocks : iterable of Block
        Every year and row of the source.
    shape : tuple of int
        Rows and columns of the grid.

    Returns
    -------
    CellSurvey

    Raises
    ------
    LucLoadError
        Of the first block, in order, that has a bad value, or with the cluster.
    """
    n_lat, n_lon = shape
    found = CellSurvey(n_lat * n_lon)
    running: deque[tuple[Block, Future[CellBits]]] = deque()

    def settle() -> None:
        block, future = running.popleft()
        found.merge(block.cells(n_lon), connection.result(future).array())

    for block in blocks:
        while len(running) >= connection.window:
            settle()
        future = connection.submit(survey_block, reference, block, priority=-block.first)
        running.append((block, future))
    while running:
        settle()
    return found
