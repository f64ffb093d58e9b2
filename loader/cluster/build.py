"""Connect a build to a cluster: a maker of parts, and a folder for the files of its workers."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from loader.cluster.connection import connected
from loader.cluster.making import ClusterMaker, origin_of
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
        Has the address of the scheduler.
    loading : Loading
    fingerprints : mapping of str to Fingerprint
        One for each of the files, by key.
    stage : Stage
        Gets a folder for the attempts of this run, which is removed at the end.
    notice : callable
        Receives messages about the state of the cluster.

    Raises
    ------
    UsageError
        If a source is a dataset in memory, which no worker can open.
    ServiceError
        If no scheduler responds.
    OutputError
        If the folder cannot be created.
    """
    sources = [table.source for table in loading.tables.values()]
    keys = {file.key for source in sources for file in source.files}
    if unnamed := keys - fingerprints.keys():
        names = ", ".join(sorted(unnamed))
        raise UsageError(
            f"--scheduler needs sources that workers can open, but {names} is a dataset in memory; "
            "pass the path of its file instead"
        )
    origins = {
        source.kind.table: origin_of(source, fingerprints, options.years, options.storage_options)
        for source in sources
    }
    assert options.scheduler is not None
    folder = stage.folder / "attempts"
    with connected(options.scheduler, notice) as connection:
        # Also removes files that workers of an earlier run are still writing.
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir()
        except OSError as error:
            raise OutputError(f"{folder}: cannot be created ({error.strerror})") from error
        try:
            yield ClusterMaker(
                connection, origins, loading, folder.resolve(), stage, options.parquet_encoding
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)
