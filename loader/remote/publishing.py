"""Publish a finished output in an object store: its files first, one manifest last.

::

    PREFIX/luc-load.json                     the manifest: which build counts, and its files
    PREFIX/builds/BUILD_ID/luc.duckdb
    PREFIX/builds/BUILD_ID/parquet/...

A store has no rename of a folder. Files are never replaced: every build has a folder of its own,
and readers find it through the manifest. Writing that is the commit, and where the store can (S3)
it is written only if nobody else wrote one meanwhile. The build that was replaced stays, for those
who read it; older ones go.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loader.errors import (
    OutputBusyError,
    OutputError,
    SourceError,
    SourceMissingError,
    UsageError,
)
from loader.remote.stores import causes, store_of, translated
from loader.text import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MANIFEST", "StoredOutput", "refuse_read_only"]

MANIFEST = "luc-load.json"
_CONDITIONAL = ("s3", "s3a")
_CONFLICTS = {"PreconditionFailed", "ConditionalRequestConflict"}

_READ_ONLY = {"http", "https", "github", "gist", "git", "data", "reference", "tar", "zip"}
"""Schemes of fsspec that read only, or cannot replace one file of many."""


def refuse_read_only(option: str, address: str) -> None:
    """Refuse to publish at an address where nothing can be written.

    Parameters
    ----------
    option : str
        As on the command line.
    address : str

    Raises
    ------
    UsageError
        If its scheme is one of those that only read, or names one file system inside another.
    """
    scheme, found = address.partition("://")[0], f"{option} is {without_secrets(address)}"
    expected = "expected a folder of an object store, such as s3://bucket/prefix, or a local one"
    if "::" in scheme:
        raise UsageError(f"{found}, one file system in another; {expected}")
    if scheme in _READ_ONLY:
        told = f"but {scheme}:// is only read from, not written to"
        raise UsageError(f"{found}, {told}; {expected}")


class StoredOutput:
    """The output of builds at an address; asks the store at once what is published there.

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
        self._address = address.rstrip("/")
        self._store = store_of(self._address)
        self._fs = self._store.fs
        self._root = self._store.path.rstrip("/")
        self._etag: str | None = None
        self._published = self._manifest()

    @property
    def build_id(self) -> str | None:
        """Which build is published."""
        return None if self._published is None else str(self._published["build_id"])

    def refuse_other(self, build_id: str | None, *, overwrite: bool) -> None:
        """Refuse to replace a build that is not the one that lies here.

        Parameters
        ----------
        build_id : str or None
            Of the finished build in the local folder.
        overwrite : bool

        Raises
        ------
        OutputError
            If it would be replaced.
        """
        if self.build_id is not None and self.build_id != build_id and not overwrite:
            raise OutputError(
                f"{self._address}: build {self.build_id} is published there; add --overwrite to "
                "replace it, or choose another --out"
            )

    def publish(self, folder: Path, build_id: str) -> str:
        """Upload a finished build and make it the one that counts.

        Parameters
        ----------
        folder : pathlib.Path
            With luc.duckdb and parquet/.
        build_id : str

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
        home = f"builds/{build_id}"
        place = f"{self._address}/{home}"
        files = [folder / "luc.duckdb", *sorted((folder / "parquet").rglob("*"))]
        sizes = {
            path.relative_to(folder).as_posix(): path.stat().st_size
            for path in files
            if path.is_file()
        }
        if self.build_id == build_id:
            return place
        with self._translated():
            there = self._sizes(f"{self._root}/{home}")
            for name, size in sizes.items():
                if there.get(name) != size:
                    self._put(folder / name, f"{home}/{name}")
            there = self._sizes(f"{self._root}/{home}")
            wrong = [name for name, size in sizes.items() if there.get(name) != size]
            if wrong:
                raise OutputError(f"{place}/{wrong[0]}: has not arrived whole; run it again")
            manifest = {
                "build_id": build_id,
                "folder": home,
                "files": [{"path": name, "size": size} for name, size in sizes.items()],
                "replaces": self.build_id,
            }
            self._commit(json.dumps(manifest, indent=1).encode() + b"\n")
            self._drop_others({build_id, self.build_id})
        return place

    def _manifest(self) -> dict[str, Any] | None:
        path = f"{self._root}/{MANIFEST}"
        try:
            with translated(f"{self._address}/{MANIFEST}"):
                self._etag = self._fs.info(path).get("ETag")
                found = json.loads(self._fs.cat_file(path))
                if isinstance(found, dict) and "build_id" in found:
                    return found
        except SourceMissingError:
            return None
        except SourceError as error:
            raise OutputError(str(error)) from error
        raise OutputError(
            f"{self._address}/{MANIFEST}: was not made by luc-load; choose another --out"
        )

    def _put(self, path: Path, name: str) -> None:
        self._fs.put_file(str(path), f"{self._root}/{name}")

    def _sizes(self, folder: str) -> dict[str, int]:
        self._fs.invalidate_cache()
        try:
            found = self._fs.find(folder, detail=True)
        except FileNotFoundError:
            return {}
        return {name.removeprefix(f"{folder}/"): int(info["size"]) for name, info in found.items()}

    def _commit(self, data: bytes) -> None:
        """Write the manifest, on stores that can only if it is still the one that was read."""
        condition: dict[str, str] = {}
        if self._address.partition("://")[0] in _CONDITIONAL:
            condition = {"IfMatch": self._etag} if self._etag else {"IfNoneMatch": "*"}
        try:
            self._fs.pipe_file(f"{self._root}/{MANIFEST}", data, **condition)
        except Exception as error:
            codes = {
                getattr(each, "response", {}).get("Error", {}).get("Code") for each in causes(error)
            }
            if isinstance(error, FileExistsError) or codes & _CONFLICTS:
                raise OutputBusyError(
                    f"{self._address}: another build was published there meanwhile; run the same "
                    "command again, with --overwrite to replace it"
                ) from error
            raise

    def _drop_others(self, kept: set[str | None]) -> None:
        folder = f"{self._root}/builds"
        for path in self._fs.ls(folder, detail=False, refresh=True):
            if path.rstrip("/").rpartition("/")[2] not in kept:
                self._fs.rm(path, recursive=True)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with translated(self._address):
                yield
        except SourceError as error:
            raise OutputError(str(error)) from error
