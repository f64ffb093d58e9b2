"""Publish a finished output in an object store: its files first, one manifest last.

::

    PREFIX/luc-load.json                     the manifest: the published build and its files
    PREFIX/luc-load.BUILD_ID.uploading.json  the file names of an unfinished upload
    PREFIX/builds/BUILD_ID/luc.duckdb
    PREFIX/builds/BUILD_ID/parquet/...

A store cannot rename a folder. Files are never replaced: every build has its own folder, and
readers find it through the manifest. Writing the manifest is the commit. If the store supports it
(S3), the manifest is written only if no other process has written one in the meantime. The build
that was replaced is kept for its readers; older builds are removed. Only files that the manifest or
the record of an upload names are removed, by their exact names, because others may use the same
bucket. If the database stays on a local disk, there is no luc.duckdb.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from loader.errors import OutputBusyError, OutputError, SourceError, SourceMissingError
from loader.names import checked_name
from loader.remote.files import StoredFiles, sizes_of
from loader.remote.manifest import Manifest, build_folder, parse_names, render_names
from loader.remote.stores import causes, translated
from loader.text import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

__all__ = ["MANIFEST", "StoredOutput"]

MANIFEST = "luc-load.json"
_CONDITIONAL = ("s3", "s3a")
_CONFLICTS = {"PreconditionFailed", "ConditionalRequestConflict"}


class StoredOutput:
    """The published output at an address; reads its manifest from the store immediately.

    Parameters
    ----------
    address : str
        The folder, with its scheme.

    Raises
    ------
    OutputError
        If a file there was not made by luc-load, or access is denied.
    ServiceError
        If the store does not respond.
    """

    def __init__(self, address: str) -> None:
        self.address = without_secrets(address.rstrip("/"))
        self.files = StoredFiles(address)
        self._etag: str | None = None
        self._published = self._manifest()

    @property
    def build_id(self) -> str | None:
        """Id of the published build."""
        return None if self._published is None else self._published.build_id

    @property
    def replaced(self) -> str | None:
        """Id of the build that was published before and is kept."""
        return None if self._published is None else self._published.replaces

    def dataset(self, build_id: str) -> str:
        """Return the address of the folder of a build's tables."""
        return f"{self.address}/{build_folder(build_id)}/parquet"

    def listed(self) -> dict[str, int]:
        """Return the sizes of the files that the manifest names, by name."""
        return {} if self._published is None else dict(self._published.files)

    def not_whole(self) -> list[str]:
        """Return the files of the manifest that are missing or have another size."""
        if self.build_id is None:
            return []
        with self.translated():
            there = self.files.sizes(build_folder(self.build_id))
        return [name for name, size in self.listed().items() if there.get(name) != size]

    def withdraw(self, build_id: str) -> int:
        """Remove the files of an interrupted upload whose database was never published.

        If its manifest was written already, the build that it replaced is published again.

        Parameters
        ----------
        build_id : str
            No database of this build must be published.

        Returns
        -------
        int
            Bytes that were removed; 0 if another output has published the same build.

        Raises
        ------
        OutputBusyError
            If another build was published there meanwhile.
        OutputError
            If the store refuses.
        ServiceError
            If it does not answer.
        """
        published = self._published
        if published is not None and build_id in {published.replaces, *published.others}:
            return 0
        home = build_folder(build_id)
        with self.translated():
            names = self._names_of_upload(build_id)
            if published is not None and build_id == published.build_id:
                names |= published.files.keys()
                self._restore(published)
            self.files.remove_unfinished(home, names)
            left = {n: size for n, size in self.files.sizes(home).items() if n in names}
            self.files.remove(home, left)
            self.files.remove("", [_record_of(build_id)])
        return sum(left.values())

    def _restore(self, published: Manifest) -> None:
        """Publish the replaced build again if its files are still there."""
        replaced = published.replaces
        there = {} if replaced is None else self.files.sizes(build_folder(replaced))
        names = published.others.get(replaced or "", frozenset())
        files = {name: size for name, size in there.items() if name in names}
        if replaced is None or not files:
            self.files.remove("", [MANIFEST])
            return
        others = {n: files for n, files in published.others.items() if n != replaced}
        self._commit(Manifest(replaced, files, None, others))

    def refuse_other(self, own: Collection[str | None], *, overwrite: bool) -> None:
        """Raise if a build of another output would be replaced, or the bucket does not exist.

        Parameters
        ----------
        own : collection of (str or None)
            Builds of the local folder: the published one, and one whose publication was
            interrupted.
        overwrite : bool

        Raises
        ------
        OutputError
            If a build would be replaced, or there is no bucket.
        """
        if self.build_id is None:
            with self.translated():
                bucket = self.files.missing_bucket()
            if bucket is not None:
                raise OutputError(
                    f"{self.address}: there is no bucket {bucket}; create it, or choose another "
                    "address"
                )
        if self.build_id is not None and self.build_id not in own and not overwrite:
            raise OutputError(
                f"{self.address}: build {self.build_id} is published there; add --overwrite to "
                "replace it, or choose another address"
            )

    def publish(
        self,
        folder: Path,
        build_id: str,
        names: Collection[str] = ("luc.duckdb", "parquet"),
        kept: Collection[str | None] = (),
        notify: Callable[[str], None] = lambda _: None,
    ) -> str:
        """Upload a finished build and publish it.

        Parameters
        ----------
        folder : pathlib.Path
        build_id : str
        names : collection of str
            Files and folders in `folder` to upload.
        kept : collection of (str or None)
            Builds to keep in addition to this one and the one that it replaces.
        notify : callable, optional
            Receives a line of progress.

        Returns
        -------
        str
            The address of its folder in the store.

        Raises
        ------
        OutputBusyError
            If another build was published there meanwhile.
        OutputError
            If the store refuses.
        ServiceError
            If it does not respond; the same command resumes the upload.
        """
        # 1. Find out what is missing; a complete upload of the same build is not repeated.
        home, again = build_folder(build_id), self.build_id == build_id
        place = f"{self.address}/{home}"
        present = {name.partition("/")[0] for name in self.listed()} if again else set()
        wanted = set(names) if not again or self.not_whole() else set(names) - present
        if not wanted:
            return place
        sizes = sizes_of(folder, wanted)
        with self.translated():
            # 2. Record the names, then upload. Files of an interrupted upload of this build may be
            # divided into other parts: those are outdated and removed.
            earlier = self._names_of_upload(build_id) | (self.listed().keys() if again else set())
            self.files.write(_record_of(build_id), render_names(build_id, earlier | sizes.keys()))
            self.files.upload(folder, home, sizes, notify)
            self.files.remove_unfinished(home, earlier | sizes.keys())
            there = self.files.sizes(home)
            wrong = [name for name, size in sizes.items() if there.get(name) != size]
            if wrong:
                raise OutputError(
                    f"{place}/{wrong[0]}: is incomplete in the store; run the same command again"
                )
            outdated = {n for n in earlier - sizes.keys() if n.partition("/")[0] in wanted}
            self.files.remove(home, outdated & there.keys())
            _refuse_foreign(place, there.keys() - earlier - sizes.keys())
            # 3. Commit by writing the manifest, and only then remove old builds.
            kept_files = {n: s for n, s in self.listed().items() if n in there.keys() - outdated}
            manifest = Manifest(
                build_id,
                (kept_files if again else {}) | sizes,
                self.replaced if again else self.build_id,
                self._others(build_id),
            )
            self._commit(manifest)
            self.files.remove("", [_record_of(build_id)])
            self._remove_old({build_id, manifest.replaces, *kept})
        return place

    def _others(self, build_id: str) -> dict[str, frozenset[str]]:
        """Return the files of the other builds that luc-load published and that are still there."""
        published = self._published
        if published is None:
            return {}
        others = dict(published.others) | {published.build_id: frozenset(published.files)}
        return {
            name: files
            for name, files in others.items()
            if name != build_id and files & self.files.sizes(build_folder(name)).keys()
        }

    def _remove_old(self, kept: Collection[str | None]) -> None:
        """Remove the builds in the manifest, read again, that are not in `kept`."""
        published = self._published = self._manifest()
        if published is None or published.build_id not in kept:
            return
        for name, files in published.others.items():
            home = build_folder(name)
            if name not in kept:
                self.files.remove(home, files & self.files.sizes(home).keys())

    def _names_of_upload(self, build_id: str) -> frozenset[str]:
        """Return the files of an unfinished upload; empty if there is none."""
        try:
            data, _ = self.files.read(_record_of(build_id))
        except FileNotFoundError:
            return frozenset()
        return parse_names(data, build_id)

    def _manifest(self) -> Manifest | None:
        where = f"{self.address}/{MANIFEST}"
        try:
            with translated(where):
                data, info = self.files.read(MANIFEST)
        except SourceMissingError:
            return None
        except SourceError as error:
            raise OutputError(str(error)) from error
        self._etag = info.get("ETag")
        try:
            return Manifest.parse(data)
        except ValueError:
            pass
        raise OutputError(f"{where}: was not made by luc-load; choose another address")

    def _commit(self, manifest: Manifest) -> None:
        """Write the manifest; if the store supports it, only if it has not changed since read."""
        condition: dict[str, str] = {}
        if self.files.scheme in _CONDITIONAL:
            condition = {"IfMatch": self._etag} if self._etag else {"IfNoneMatch": "*"}
        data = manifest.render()
        try:
            self.files.write(MANIFEST, data, **condition)
        except Exception as error:
            codes = {
                getattr(each, "response", {}).get("Error", {}).get("Code") for each in causes(error)
            }
            if isinstance(error, FileExistsError) or codes & _CONFLICTS:
                # If the response to our write was lost, its retry fails although it succeeded.
                if self.files.read(MANIFEST)[0] == data:
                    return
                raise OutputBusyError(
                    f"{self.address}: another build was published there meanwhile; run the same "
                    "command again, with --overwrite to replace it"
                ) from error
            raise

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn what the store's library raises into an error of luc-load.

        Raises
        ------
        OutputError
            If the store denies access.
        ServiceError
            If it does not respond.
        """
        try:
            with translated(self.address):
                yield
        except SourceError as error:
            raise OutputError(str(error)) from error


def _record_of(build_id: str) -> str:
    """Return the name of the file that lists the files of an unfinished upload."""
    return f"luc-load.{checked_name(build_id)}.uploading.json"


def _refuse_foreign(place: str, names: Collection[str]) -> None:
    """Raise if there are foreign Parquet files, which readers of the folder would read too."""
    if foreign := sorted(name for name in names if name.endswith(".parquet")):
        raise OutputError(
            f"{place}/{foreign[0]}: was not uploaded by luc-load, but readers of the dataset would "
            "read it too; remove it and run the same command again"
        )
