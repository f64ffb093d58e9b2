"""The destination of a Parquet dataset: next to the database, or an address in a store."""

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
    """The destination of the dataset of a local database; contacts the store immediately.

    Parameters
    ----------
    out : pathlib.Path
        The folder of luc.duckdb.
    address : str or None
        Address of the dataset; None if it is next to the database.
    published : Published or None
        The build that is published at `out`.

    Raises
    ------
    OutputError
        If something at the address was not made by luc-load, or access is denied.
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
        """Return whether the dataset of a build is published and complete."""
        if self._store is None:
            return dataset_build_id(self._out / PARQUET) == build_id
        return self._store.build_id == build_id and not self._store.not_whole()

    def refuse_other(self, waiting: str | None, *, overwrite: bool) -> None:
        """Raise if an address holds a dataset that does not belong to the local database.

        Parameters
        ----------
        waiting : str or None
            Id of a finished, unpublished build: its manifest may have been written already.
        overwrite : bool

        Raises
        ------
        OutputError
            If the dataset would be replaced and `overwrite` is not set.
        """
        if self._store is not None:
            self._store.refuse_other({self._published, waiting}, overwrite=overwrite)

    def publish(self, stage: Stage, build_id: str, reporter: Reporter) -> None:
        """Publish a complete stage: the dataset first, the database last.

        Parameters
        ----------
        stage : Stage
        build_id : str
        reporter : Reporter
            Receives the progress of an upload, and a notice if the old dataset stays elsewhere.

        Raises
        ------
        OutputBusyError
            If another process has the old database open for writing, or published at the address.
        OutputError
            If a file cannot be written, or the store denies access.
        ServiceError
            If the store does not respond; the stage stays complete, so the same command resumes.
        """
        if self._store is None:
            publish(stage, self._out)
        else:
            self._upload(self._store, stage, build_id, reporter)
        here = None if self._store is None else self._store.address
        if self._earlier is not None and self._earlier != here:
            reporter.notice(
                f"the dataset of the replaced build is still at {self._earlier}; it was not removed"
            )

    def _upload(self, store: StoredOutput, stage: Stage, build_id: str, reporter: Reporter) -> None:
        # Checked before the manifest is written: otherwise the dataset would be newer than the
        # database.
        refuse_held(self._out)
        uploads = Uploads(self._out / PRIVATE)
        remember(store.address)
        if store.build_id != build_id:
            uploads.begin(Upload(store.address, build_id))
        try:
            # Readers of the old database need its dataset until the database is replaced.
            needed = {self._published}
            store.publish(stage.folder, build_id, (PARQUET,), needed, reporter.detail)
        finally:
            reporter.finished()
        publish(stage, self._out, with_dataset=False)
        uploads.end(*(one for one in uploads.unfinished() if one.address == store.address))


def _address(record: Mapping[str, Any]) -> str | None:
    """Return the address of the dataset of a published build; None if next to its database."""
    options = record.get("options")
    address = options.get("parquet") if isinstance(options, dict) else None
    return address if isinstance(address, str) else None
