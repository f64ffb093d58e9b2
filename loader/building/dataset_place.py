"""Where the Parquet data set of a build goes: beside the database, or to an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loader.remote.known import remember
from loader.remote.publishing import StoredOutput
from loader.storing.dataset import dataset_build_id
from loader.storing.paths import PARQUET, PRIVATE
from loader.storing.publish import publish, refuse_held
from loader.storing.uploads import Upload, Uploads

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from loader.reporting import Reporter
    from loader.storing.publish import Published
    from loader.storing.stage import Stage

__all__ = ["DatasetPlace"]


class DatasetPlace:
    """The place of the data set that belongs to a local database; asks the store at once.

    Parameters
    ----------
    out : pathlib.Path
        The folder of luc.duckdb.
    address : str or None
        Of the data set; None if it lies beside the database.
    published : Published or None
        What lies at `out`.

    Raises
    ------
    OutputError
        If something is at the address that luc-load did not make, or access is refused.
    ServiceError
        If the store does not answer.
    """

    def __init__(self, out: Path, address: str | None, published: Published | None) -> None:
        self._out = out
        self._published = None if published is None else published.build_id
        self._earlier = None if published is None else _address(published.record)
        self._store = None if address is None else StoredOutput(address)

    def of(self, build_id: str) -> Path | str:
        """Return the folder of the tables of a build."""
        return self._out / PARQUET if self._store is None else self._store.dataset(build_id)

    def holds(self, build_id: str) -> bool:
        """Return whether the data set of a build is published there."""
        if self._store is None:
            return dataset_build_id(self._out / PARQUET) == build_id
        return self._store.build_id == build_id and not self._store.not_whole()

    def refuse_other(self, waiting: str | None, *, overwrite: bool) -> None:
        """Refuse to replace, at an address, a data set that is not the local database's.

        Parameters
        ----------
        waiting : str or None
            A build that waits to be published: an interruption may have come after the manifest.
        overwrite : bool

        Raises
        ------
        OutputError
            If it would be replaced.
        """
        if self._store is not None:
            self._store.refuse_other({self._published, waiting}, overwrite=overwrite)

    def publish(self, stage: Stage, build_id: str, reporter: Reporter) -> None:
        """Publish a complete stage: the data set first, the database last.

        Parameters
        ----------
        stage : Stage
        build_id : str
        reporter : Reporter
            Told how far an upload is, and of a data set that stays behind.

        Raises
        ------
        OutputBusyError
            If another process holds the old database for writing, or published at the same address.
        OutputError
            If the disk or the store refuses.
        ServiceError
            If the store does not answer; the stage stays complete, and the same command goes on.
        """
        if self._store is None:
            publish(stage, self._out)
        else:
            self._upload(self._store, stage, build_id, reporter)
        here = None if self._store is None else self._store.address
        if self._earlier is not None and self._earlier != here:
            reporter.notice(f"the data set of the replaced build stays at {self._earlier}")

    def _upload(self, store: StoredOutput, stage: Stage, build_id: str, reporter: Reporter) -> None:
        # Before the manifest: the database would stay behind it.
        refuse_held(self._out)
        uploads = Uploads(self._out / PRIVATE)
        remember(store.address)
        if store.build_id != build_id:
            uploads.begin(Upload(store.address, build_id))
        try:
            kept = {self._published}
            store.publish(stage.folder, build_id, (PARQUET,), kept, reporter.detail)
        finally:
            reporter.finished()
        publish(stage, self._out, with_dataset=False)
        uploads.end(*(one for one in uploads.unfinished() if one.address == store.address))


def _address(record: Mapping[str, Any]) -> str | None:
    """Return where the data set of a published build lies, if not beside its database."""
    options = record.get("options")
    found = options.get("parquet") if isinstance(options, dict) else None
    return found if isinstance(found, str) else None
