"""The files below an address of a store: list, upload, remove; a file is there whole or not."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from loader.remote.stores import store_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["StoredFiles"]

_BUCKETS = ("s3", "s3a", "gs", "gcs", "abfs", "az", "oss")
"""Stores without folders: to make one there would be to make a bucket."""

_LOCAL = ("file", "local")


class StoredFiles:
    """Files by their name below one address; nothing is asked of the store yet.

    Every method lets the errors of the store's library through.

    Parameters
    ----------
    address : str
        The folder, with its scheme.

    Raises
    ------
    UsageError
        If the scheme is unknown.
    ExtraMissingError
        If the package of the scheme is not installed.
    """

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        self.scheme = self.address.partition("://")[0]
        store = store_of(self.address)
        self.fs = store.fs
        self.root = store.path.rstrip("/")

    def path(self, name: str) -> str:
        """Return the path of a file or folder as the store's library wants it."""
        return f"{self.root}/{name}"

    def sizes(self, folder: str) -> dict[str, int]:
        """Return the bytes of every file below a folder, by its name in the folder."""
        self.fs.invalidate_cache()
        start = self.path(folder)
        try:
            found = self.fs.find(start, detail=True)
        except FileNotFoundError:
            return {}
        return {name.removeprefix(f"{start}/"): int(info["size"]) for name, info in found.items()}

    def folders(self, folder: str) -> list[str]:
        """Return the names of what lies directly in a folder."""
        try:
            found = self.fs.ls(self.path(folder), detail=False, refresh=True)
        except FileNotFoundError:
            return []
        return [path.rstrip("/").rpartition("/")[2] for path in found]

    def put(self, source: Path, name: str) -> None:
        """Upload a file."""
        target = self.path(name)
        if self.scheme not in _BUCKETS:
            self.fs.makedirs(target.rpartition("/")[0], exist_ok=True)
        if self.scheme not in _LOCAL:
            self.fs.put_file(str(source), target)
            return
        with _whole(Path(target)) as file, source.open("rb") as given:
            shutil.copyfileobj(given, file)

    def write(self, name: str, data: bytes, **condition: str) -> None:
        """Write a small file at once, under the conditions that the store knows."""
        if self.scheme in _LOCAL:
            with _whole(Path(self.path(name))) as file:
                file.write(data)
        else:
            self.fs.pipe_file(self.path(name), data, **condition)

    def read(self, name: str) -> tuple[bytes, dict[str, Any]]:
        """Return a small file, and what the store says of it."""
        info = self.fs.info(self.path(name))
        return self.fs.cat_file(self.path(name)), info

    def remove(self, names: Iterable[str]) -> None:
        """Remove files and whole folders."""
        for name in names:
            self.fs.rm(self.path(name), recursive=True)


@contextmanager
def _whole(path: Path) -> Iterator[IO[bytes]]:
    """Write a file of a disk that appears under its name when it is whole and on the disk."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
