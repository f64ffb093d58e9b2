"""Parts made on a cluster ahead of the lanes that wait for them."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loader.building.parts import ForeignPart
from loader.cluster.opened import Reference
from loader.cluster.tasks import Attempt, CellBits, Origin, Task, make_attempt, survey_block
from loader.reading.blocks import CellRule, differ
from loader.reading.joined import NOWHERE, JoinedSource
from loader.reading.survey import CellSurvey
from loader.remote.stores import is_address
from loader.storing.parquet import commit_part, read_part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from distributed import Future

    from loader.building.loading import Loading, TableLoad
    from loader.cluster.connection import Connection
    from loader.options import Encoding
    from loader.reading.fingerprint import Fingerprint
    from loader.reading.plan import Block
    from loader.reading.source import FileRecord, GriddedSource
    from loader.storing.stage import Stage

__all__ = ["ClusterMaker", "origin_of"]


def origin_of(
    source: GriddedSource,
    fingerprints: Mapping[str, Fingerprint],
    years: tuple[int | None, int | None],
    storage_options: Mapping[str, Any],
) -> Origin:
    """Return the description by which a worker opens all files of a source."""
    options = json.dumps(dict(storage_options), sort_keys=True)
    # Of files that are joined, a worker needs all years: positions count in the file.
    wanted = (None, None) if isinstance(source, JoinedSource) else years

    def reference(file: FileRecord) -> Reference:
        path = file.path if is_address(file.path) else str(Path(file.path).resolve())
        status = fingerprints[file.key]
        return Reference(
            *(source.kind.name, path, wanted, status.size, status.mtime_ns, options),
            window=source.window,
            product=file.product,
        )

    return Origin(tuple(map(reference, source.files)))


def _origin_of_block(origin: Origin, source: GriddedSource, block: Block) -> Origin:
    """Return the description of those files that a block is read from."""
    if not isinstance(source, JoinedSource):
        return origin
    years = slice(block.first, block.last)
    owners = [tuple(int(owner) for owner in strand.owner[years]) for strand in source.strands]
    needed = sorted({owner for of_strand in owners for owner in of_strand} - {NOWHERE})
    number = {owner: place for place, owner in enumerate(needed)} | {NOWHERE: NOWHERE}
    return Origin(
        tuple(origin.references[owner] for owner in needed),
        tuple(int(year) for year in source.years[years]),
        tuple(
            (strand.variables, tuple(number[owner] for owner in of_strand))
            for strand, of_strand in zip(source.strands, owners, strict=True)
        ),
    )


@dataclass(frozen=True)
class _Work:
    """A block to be made or surveyed."""

    table: TableLoad
    block: Block
    is_survey: bool

    @property
    def key(self) -> tuple[Block, bool]:
        """Unique key of this work."""
        return self.block, self.is_survey


@dataclass(frozen=True)
class _Submitted:
    """A submitted task, and the rule that it uses."""

    future: Future[Any]
    rule: CellRule | None


class ClusterMaker:
    """Makes parts on the workers of a cluster; all its methods may be called from any lane.

    Parameters
    ----------
    connection : Connection
    origins : mapping of str to Origin
        By table.
    loading : Loading
        Has the blocks to make and survey, in order.
    folder : pathlib.Path
        An existing folder for the attempts, which all workers share.
    stage : Stage
    encoding : {"split", "plain"}
        Encoding of the values in the Parquet files.
    """

    def __init__(
        self,
        connection: Connection,
        origins: Mapping[str, Origin],
        loading: Loading,
        folder: Path,
        stage: Stage,
        encoding: Encoding,
    ) -> None:
        self._connection = connection
        self._origins = origins
        self._loading = loading
        self._folder = folder
        self._stage = stage
        self._encoding = encoding
        # Any lane may call; the lock guards `_waiting` and `_running`.
        self._lock = threading.Lock()
        self._waiting = deque(
            [_Work(table, block, is_survey=True) for table, block in loading.surveys()]
            + [_Work(table, block, is_survey=False) for table, block in loading.missing()]
        )
        self._running: dict[tuple[Block, bool], _Submitted] = {}

    def make(self, table: TableLoad, rule: CellRule, block: Block) -> ForeignPart:
        """Wait for the part of a block, and give it its final name."""
        work = _Work(table, block, is_survey=False)
        submitted = self._submitted(work)
        if submitted is None or (submitted.rule and differ(submitted.rule, rule)):
            # Not submitted yet, or submitted when fewer cells were known to have a state.
            submitted = _Submitted(self._submit(work, rule), rule)
        attempt: Attempt = self._connection.result(submitted.future)
        self._end(work)
        path = self._stage.part_path(block)
        commit_part(Path(attempt.path), path)
        return ForeignPart(read_part(path), attempt.digest, attempt.size, attempt.has_value.array())

    def survey(self, table: TableLoad, block: Block) -> CellSurvey:
        """Wait for the survey of a block: the contents of its cells over its years."""
        work = _Work(table, block, is_survey=True)
        submitted = self._submitted(work)
        future = self._submit(work, None) if submitted is None else submitted.future
        flags: CellBits = self._connection.result(future)
        self._end(work)
        return CellSurvey(table.source.grid.n_cells, flags.array())

    def stop(self) -> None:
        """Make the calls that wait for the cluster raise soon."""
        self._connection.stop()

    def _submitted(self, work: _Work) -> _Submitted | None:
        """Submit work up to the window, and return the submitted task of `work`, if any."""
        with self._lock:
            window = self._connection.window
            while self._waiting and len(self._running) < window and self._is_due(self._waiting[0]):
                following = self._waiting.popleft()
                rule = None if following.is_survey else self._loading.rule(following.table)
                future = self._submit(following, rule)
                self._running[following.key] = _Submitted(future, rule)
            return self._running.get(work.key)

    def _is_due(self, work: _Work) -> bool:
        return work.is_survey or work.table.survey is None or work.table.is_surveyed

    def _end(self, work: _Work) -> None:
        with self._lock:
            self._running.pop(work.key, None)

    def _submit(self, work: _Work, rule: CellRule | None) -> Future[Any]:
        source = work.table.source
        origin = _origin_of_block(self._origins[work.table.name], source, work.block)
        # Earlier blocks first, because the lanes wait for them first.
        priority = -work.block.first
        if rule is None:
            return self._connection.submit(survey_block, origin, work.block, priority=priority)
        cells = work.block.cells(source.grid.n_lon)
        task = Task(
            origin,
            work.block,
            str(self._folder),
            CellBits.of(work.table.has_value[cells]),
            None if rule.stored is None else CellBits.of(rule.stored[cells]),
            None if rule.only is None else CellBits.of(rule.only[cells]),
            rule.keep_empty,
            self._encoding,
        )
        return self._connection.submit(make_attempt, task, priority=priority)
