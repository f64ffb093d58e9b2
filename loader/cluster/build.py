"""A cluster as a build uses it: readers of its sources, and a folder for the attempts."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from loader.cluster.connection import connected
from loader.cluster.reading import ClusterReader, reference_to, survey_cells
from loader.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from loader.cluster.connection import Connection
    from loader.cluster.opened import Reference
    from loader.options import Encoding
    from loader.reading.blocks import CellRule
    from loader.reading.fingerprint import Fingerprint
    from loader.reading.plan import Block
    from loader.reading.source import GriddedSource
    from loader.reading.survey import CellSurvey

__all__ = ["Cluster", "build_cluster"]


class Cluster:
    """What a build asks of a cluster.

    Parameters
    ----------
    connection : Connection
    references : mapping of str to Reference
        By name of the source.
    folder : pathlib.Path
        For attempts.
    """

    def __init__(
        self, connection: Connection, references: Mapping[str, Reference], folder: Path
    ) -> None:
        self._connection = connection
        self._references = references
        self._folder = folder

    def reader(
        self, source: GriddedSource, rule: CellRule, blocks: Sequence[Block], encoding: Encoding
    ) -> ClusterReader:
        """Return what makes the given blocks of a source, in their order."""
        reference = self._references[source.kind.name]
        return ClusterReader(
            self._connection, reference, rule, blocks, source.grid.n_lon, self._folder, encoding
        )

    def survey(self, source: GriddedSource, blocks: Iterable[Block]) -> CellSurvey:
        """Return what the cells of a source hold over the years of all blocks."""
        reference = self._references[source.kind.name]
        shape = (source.grid.n_lat, source.grid.n_lon)
        return survey_cells(self._connection, reference, blocks, shape)

    def stop(self) -> None:
        """Make whoever waits for the cluster raise soon."""
        self._connection.stop()


@contextmanager
def build_cluster(
    address: str,
    sources: Mapping[str, GriddedSource],
    fingerprints: Mapping[str, Fingerprint],
    years: tuple[int | None, int | None],
    storage_options: Mapping[str, Any],
    folder: Path,
    notice: Callable[[str], None],
) -> Iterator[Cluster]:
    """Connect a build to a cluster.

    Parameters
    ----------
    address : str
        Of the scheduler.
    sources : mapping of str to GriddedSource
    fingerprints : mapping of str to Fingerprint
        One for each of the sources.
    years : tuple of (int or None, int or None)
        As asked for by the build.
    storage_options : mapping
        Of fsspec, for sources at addresses.
    folder : pathlib.Path
        Made anew for the attempts of this run, and removed at its end.
    notice : callable

    Raises
    ------
    UsageError
        If a source is a data set in memory, which no worker can open.
    ServiceError
        If no scheduler answers.
    OutputError
        If the folder cannot be made.
    """
    if unnamed := sources.keys() - fingerprints.keys():
        found = f"the source {', '.join(sorted(unnamed))} is a data set in memory"
        raise UsageError(f"--scheduler needs sources that workers can open; {found}: name its file")
    references = {
        name: reference_to(source, fingerprints[name], years, storage_options)
        for name, source in sources.items()
    }
    with connected(address, notice) as connection:
        # What workers of an earlier run still write goes with the folder.
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir()
        except OSError as error:
            raise OutputError(f"{folder}: cannot be created ({error.strerror})") from error
        try:
            yield Cluster(connection, references, folder.resolve())
        finally:
            shutil.rmtree(folder, ignore_errors=True)
