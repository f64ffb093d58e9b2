"""Publish a finished output in an object store: its files first, one manifest last.

::

    PREFIX/luc-load.json                     the manifest: which build counts, and its files
    PREFIX/builds/BUILD_ID/luc.duckdb
    PREFIX/builds/BUILD_ID/parquet/...

A store has no rename of a folder. Files are never replaced: every build has a folder of its own,
and readers find it through the manifest. Writing that is the commit, and where the store can (S3)
it is written only if nobody else wrote one meanwhile. The build that was replaced stays, for those
who read it; older ones go. Where the database stays on a local disk, there is no luc.duckdb.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from loader.errors import OutputBusyError, OutputError, SourceError, SourceMissingError
from loader.remote.files import StoredFiles
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
        return None if self._published is None else str(self._published["build_id"])

    @property
    def replaced(self) -> str | None:
        """Which build was published before, and is still there."""
        found = None if self._published is None else self._published.get("replaces")
        return None if found is None else str(found)

    def dataset(self, build_id: str) -> str:
        """Return the address of the folder of a build's tables."""
        return f"{self.address}/{_home(build_id)}/parquet"

    def listed(self) -> dict[str, int]:
        """Return bytes by name of the files that the manifest names."""
        files = [] if self._published is None else self._published["files"]
        return {str(file["path"]): int(file["size"]) for file in files}

    def not_whole(self) -> list[str]:
        """Return the files that the manifest names and that are not there in their size."""
        with self.translated():
            there = self.files.sizes(_home(self.build_id))
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
        if build_id == self.replaced:
            return 0
        with self.translated():
            if build_id == self.build_id:
                before = {} if self.replaced is None else self.files.sizes(_home(self.replaced))
                if self.replaced is not None and before:
                    self._commit(_manifest_of(self.replaced, before, None))
                else:
                    self.files.remove([MANIFEST])
            left = self.files.sizes(_home(build_id))
            if left:
                self.files.remove([_home(build_id)])
        return sum(left.values())

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
        home, again = _home(build_id), self.build_id == build_id
        place = f"{self.address}/{home}"
        present = {name.partition("/")[0] for name in self.listed()} if again else set()
        wanted = set(names) if not again or self.not_whole() else set(names) - present
        if not wanted:
            return place
        sizes = _sizes_of(folder, wanted)
        with self.translated():
            self.files.upload(folder, home, sizes, told)
            there = self.files.sizes(home)
            wrong = [name for name, size in sizes.items() if there.get(name) != size]
            if wrong:
                raise OutputError(f"{place}/{wrong[0]}: has not arrived whole; run it again")
            # Readers take every file of a folder: not those of an upload that was cut into others.
            others = {n for n in there if n not in sizes and n.partition("/")[0] in wanted}
            self.files.remove(f"{home}/{name}" for name in sorted(others))
            listed = {n: s for n, s in self.listed().items() if again and n in there} | sizes
            replaces = self.replaced if again else self.build_id
            self._commit(_manifest_of(build_id, listed, replaces))
            known = {build_id, replaces, *kept}
            stale = [n for n in self.files.folders("builds") if n not in known]
            self.files.remove(_home(name) for name in stale)
        return place

    def _manifest(self) -> dict[str, Any] | None:
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
            found = json.loads(data)
            sizes = [int(file["size"]) for file in found["files"] if file["path"]]
            if found["build_id"] and sizes:
                return dict(found)
        except (ValueError, LookupError, TypeError):
            pass
        raise OutputError(f"{where}: was not made by luc-load; choose another address")

    def _commit(self, manifest: dict[str, Any]) -> None:
        """Write the manifest, on stores that can only if it is still the one that was read."""
        condition: dict[str, str] = {}
        if self.files.scheme in _CONDITIONAL:
            condition = {"IfMatch": self._etag} if self._etag else {"IfNoneMatch": "*"}
        data = json.dumps(manifest, indent=1).encode() + b"\n"
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


def _home(build_id: str | None) -> str:
    return f"builds/{build_id}"


def _sizes_of(folder: Path, names: Collection[str]) -> dict[str, int]:
    """Return the bytes of all files that are meant, by their name in the folder."""
    found: dict[str, int] = {}
    for name in sorted(names):
        place = folder / name
        files = [p for p in sorted(place.rglob("*")) if p.is_file()] if place.is_dir() else [place]
        found |= {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
    return found


def _manifest_of(build_id: str, files: dict[str, int], replaces: str | None) -> dict[str, Any]:
    return {
        "build_id": build_id,
        "folder": _home(build_id),
        "files": [{"path": name, "size": size} for name, size in sorted(files.items())],
        "replaces": replaces,
    }
