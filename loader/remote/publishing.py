"""Publish a finished output in an object store: its files first, one manifest last.

::

    PREFIX/luc-load.json                     the manifest: which build counts, and its files
    PREFIX/luc-load.BUILD_ID.uploading.json  the names of the files of an upload under way
    PREFIX/builds/BUILD_ID/luc.duckdb
    PREFIX/builds/BUILD_ID/parquet/...

A store cannot rename a folder. Files are never replaced: every build has its own folder, and
readers find it through the manifest. Writing the manifest is the commit. Where the store can (S3)
it is written only if nobody else wrote one meanwhile. The build that was replaced stays, for its
readers; older ones are removed. Only files that the manifest or the record of an upload names are
removed, by their exact names: others may use the same bucket. Where the database stays on a local
disk, there is no luc.duckdb.
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
    """What is published at an address; asks the store for the manifest at once.

    Parameters
    ----------
    address : str
        The folder, with its scheme.

    Raises
    ------
    OutputError
        If something is there that luc-load did not make, or access is refused.
    ServiceError
        If the store does not answer.
    """

    def __init__(self, address: str) -> None:
        self.address = without_secrets(address.rstrip("/"))
        self.files = StoredFiles(address)
        self._etag: str | None = None
        self._published = self._manifest()

    @property
    def build_id(self) -> str | None:
        """Which build is published."""
        return None if self._published is None else self._published.build_id

    @property
    def replaced(self) -> str | None:
        """Which build was published before, and is still there."""
        return None if self._published is None else self._published.replaces

    def dataset(self, build_id: str) -> str:
        """Return the address of the folder of a build's tables."""
        return f"{self.address}/{build_folder(build_id)}/parquet"

    def listed(self) -> dict[str, int]:
        """Return bytes by name of the files that the manifest names."""
        return {} if self._published is None else dict(self._published.files)

    def not_whole(self) -> list[str]:
        """Return the files that the manifest names and that are not there in their size."""
        if self.build_id is None:
            return []
        with self.translated():
            there = self.files.sizes(build_folder(self.build_id))
        return [name for name, size in self.listed().items() if there.get(name) != size]

    def withdraw(self, build_id: str) -> int:
        """Remove what an upload left that was interrupted before its database was published.

        If its manifest was written already, the build that it replaced counts again.

        Parameters
        ----------
        build_id : str
            No database of this build must be published.

        Returns
        -------
        int
            Bytes that were removed; 0 where another output has taken the build for its own.

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
        """Make the replaced build count again if its files are still there."""
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
        """Refuse to replace a build that is not known here, or to publish where no bucket is.

        Parameters
        ----------
        own : collection of (str or None)
            Builds of the local folder: the published one, and one that was interrupted while it was
            being published.
        overwrite : bool

        Raises
        ------
        OutputError
            If it would be replaced, or there is no bucket.
        """
        if self.build_id is None:
            with self.translated():
                bucket = self.files.missing_bucket()
            if bucket is not None:
                told = f"{self.address}: there is no bucket {bucket}"
                raise OutputError(f"{told}; make it, or choose another address")
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
        told: Callable[[str], None] = lambda _: None,
    ) -> str:
        """Upload a finished build and make it the one that counts.

        Parameters
        ----------
        folder : pathlib.Path
        build_id : str
        names : collection of str
            Files and folders in `folder` that are uploaded.
        kept : collection of (str or None)
            Builds that stay, beside this one and the one that it replaces.
        told : callable, optional
            Gets a line on how far the upload is.

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
            If it does not answer; the same command goes on with the upload.
        """
        home, again = build_folder(build_id), self.build_id == build_id
        place = f"{self.address}/{home}"
        present = {name.partition("/")[0] for name in self.listed()} if again else set()
        wanted = set(names) if not again or self.not_whole() else set(names) - present
        if not wanted:
            return place
        sizes = sizes_of(folder, wanted)
        with self.translated():
            # What an interrupted upload of this build left may be cut into other parts.
            earlier = self._names_of_upload(build_id) | (self.listed().keys() if again else set())
            self.files.write(_record_of(build_id), render_names(build_id, earlier | sizes.keys()))
            self.files.upload(folder, home, sizes, told)
            self.files.remove_unfinished(home, earlier | sizes.keys())
            there = self.files.sizes(home)
            wrong = [name for name, size in sizes.items() if there.get(name) != size]
            if wrong:
                raise OutputError(f"{place}/{wrong[0]}: did not arrive complete; run it again")
            outdated = {n for n in earlier - sizes.keys() if n.partition("/")[0] in wanted}
            self.files.remove(home, outdated & there.keys())
            _refuse_foreign(place, there.keys() - earlier - sizes.keys())
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
        """Return the builds besides one that luc-load published and that are still there."""
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
        """Remove the builds that the manifest, read back, names as ours and that nobody needs."""
        published = self._published = self._manifest()
        if published is None or published.build_id not in kept:
            return
        for name, files in published.others.items():
            home = build_folder(name)
            if name not in kept:
                self.files.remove(home, files & self.files.sizes(home).keys())

    def _names_of_upload(self, build_id: str) -> frozenset[str]:
        """Return the files of an upload that began and did not end; none if there is none."""
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
        """Write the manifest, on stores that can only if it is still the one that was read."""
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
                # The answer to our own may be lost: its repetition then meets it.
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
            If the store refuses.
        ServiceError
            If it does not answer.
        """
        try:
            with translated(self.address):
                yield
        except SourceError as error:
            raise OutputError(str(error)) from error


def _record_of(build_id: str) -> str:
    """Return where the names of the files of an upload are kept until it ends."""
    return f"luc-load.{checked_name(build_id)}.uploading.json"


def _refuse_foreign(place: str, names: Collection[str]) -> None:
    """Raise if there are Parquet files that readers of the folder would take for ours."""
    if foreign := sorted(name for name in names if name.endswith(".parquet")):
        raise OutputError(
            f"{place}/{foreign[0]}: was not uploaded by luc-load, but readers of the dataset would "
            "read it too; remove it and run the same command again"
        )
