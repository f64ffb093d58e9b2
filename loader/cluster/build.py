"""A cluster as a build uses it: a maker of parts, and a folder for what its workers write."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from loader.cluster.connection import connected
from loader.cluster.making import ClusterMaker, reference_to
from loader.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from loader.building.loading import Loading
    from loader.options import Options
    from loader.reading.fingerprint import Fingerprint
    from loader.storing.stage import Stage

__all__ = ["cluster_maker"]


@contextmanager
def cluster_maker(
    options: Options,
    loading: Loading,
    fingerprints: Mapping[str, Fingerprint],
    stage: Stage,
    notice: Callable[[str], None],
) -> Iterator[ClusterMaker]:
    """Connect a build to a cluster.

    Parameters
    ----------
    options : Options
        With the address of the scheduler.
    loading : Loading
    fingerprints : mapping of str to Fingerprint
        One for each of the sources, by name.
    stage : Stage
        Gets a folder for the attempts of this run, which is removed at its end.
    notice : callable
        Receives what the user should know about the cluster.

    Raises
    ------
    UsageError
        If a source is a dataset in memory, which no worker can open.
    ServiceError
        If no scheduler answers.
    OutputError
        If the folder cannot be made.
    """
    sources = {table.source.kind.name: table.source for table in loading.tables.values()}
    if unnamed := sources.keys() - fingerprints.keys():
        found = f"the source {', '.join(sorted(unnamed))} is a dataset in memory"
        raise UsageError(f"--scheduler needs sources that workers can open; {found}: name its file")
    references = {
        source.kind.table: reference_to(
            source, fingerprints[name], options.years, options.storage_options
        )
        for name, source in sources.items()
    }
    assert options.scheduler is not None
    folder = stage.folder / "attempts"
    with connected(options.scheduler, notice) as connection:
        # What workers of an earlier run still write goes with the folder.
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir()
        except OSError as error:
            raise OutputError(f"{folder}: cannot be created ({error.strerror})") from error
        try:
            yield ClusterMaker(
                connection, references, loading, folder.resolve(), stage, options.parquet_encoding
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)
