"""The files below an address of a store: list, upload, remove; a file is there whole or not."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loader.files import atomic_file, write_file
from loader.remote.stores import store_of
from loader.text import human_bytes, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["AT_ONCE", "StoredFiles"]

_BUCKETS = ("s3", "s3a", "gs", "gcs", "abfs", "az", "oss")
"""Stores without folders: to make one there would be to make a bucket."""

_LOCAL = ("file", "local")

AT_ONCE = 128 * 2**20
"""Bytes on their way; for a file of 800 MB the process takes 0.32 GB of memory in all.

With the 500 MB that s3fs chooses for itself it took 1.07 GB.
"""

_FILES = 8
"""Uploaded at a time."""

_PIECE, _MOST_PIECES = 16 * 2**20, 9_000
"""S3 takes 10,000 pieces of a file; gcsfs wants multiples of 256 KiB."""


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

    def missing_bucket(self) -> str | None:
        """Return the bucket of the address if it does not exist, as far as may be known."""
        bucket = self.root.partition("/")[0]
        if self.scheme not in _BUCKETS:
            return None
        try:
            self.fs.info(bucket)
        except FileNotFoundError:
            return bucket
        except PermissionError:
            # Whoever may write to it need not be allowed to look at it.
            pass
        return None

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

    def upload(
        self, folder: Path, home: str, sizes: Mapping[str, int], told: Callable[[str], None]
    ) -> None:
        """Upload those files of a folder that are not there in their size.

        Parameters
        ----------
        folder : pathlib.Path
        home : str
            Where they go.
        sizes : mapping of str to int
            Bytes of each, by its name in both folders.
        told : callable
            Gets a line on how far it is.
        """
        there = self.sizes(home)
        missing = {name: size for name, size in sizes.items() if there.get(name) != size}
        total, done = human_bytes(sum(sizes.values())), sum(sizes.values()) - sum(missing.values())
        for group in _groups(missing):
            told(f"uploading to {without_secrets(self.address)}: {human_bytes(done)} of {total}")
            self.put({f"{home}/{name}": folder / name for name in group})
            done += sum(missing[name] for name in group)

    def put(self, files: Mapping[str, Path]) -> None:
        """Upload files, all at once where the store's library can.

        Parameters
        ----------
        files : mapping of str to pathlib.Path
            The file on this disk, by its name in the store. Their bytes may all be in memory, but
            of one that is larger than `AT_ONCE` no more than that.
        """
        targets = [self.path(name) for name in files]
        sources = list(files.values())
        if self.scheme not in _BUCKETS:
            for folder in {target.rpartition("/")[0] for target in targets}:
                self.fs.makedirs(folder, exist_ok=True)
        if self.scheme not in _LOCAL:
            largest = max(source.stat().st_size for source in sources)
            how = _how_to_put(self.scheme, largest)
            self.fs.put([str(source) for source in sources], targets, **how)
            return
        for source, target in zip(sources, targets, strict=True):
            with atomic_file(Path(target)) as file, source.open("rb") as given:
                shutil.copyfileobj(given, file)

    def write(self, name: str, data: bytes, **condition: str) -> None:
        """Write a small file at once, under the conditions that the store knows."""
        if self.scheme in _LOCAL:
            write_file(Path(self.path(name)), data)
        else:
            self.fs.pipe_file(self.path(name), data, **condition)

    def read(self, name: str) -> tuple[bytes, dict[str, Any]]:
        """Return a small file, and what the store says of it."""
        self.fs.invalidate_cache()
        info = self.fs.info(self.path(name))
        return self.fs.cat_file(self.path(name)), info

    def remove(self, names: Iterable[str]) -> None:
        """Remove files and whole folders."""
        for name in names:
            self.fs.rm(self.path(name), recursive=True)


def _groups(sizes: Mapping[str, int]) -> Iterator[list[str]]:
    """Yield names of files that are uploaded together: some megabytes of each other, or one."""
    group: list[str] = []
    for name, size in sizes.items():
        if group and (len(group) == _FILES or sum(sizes[n] for n in group) + size > AT_ONCE):
            yield group
            group = []
        group.append(name)
    if group:
        yield group


def _how_to_put(scheme: str, size: int) -> dict[str, int]:
    """Return how large the pieces of a file are, and how many are on their way at a time."""
    pieces = -(-size // _MOST_PIECES // _PIECE) * _PIECE
    if scheme in {"s3", "s3a"}:
        return {"chunksize": max(_PIECE, pieces), "max_concurrency": AT_ONCE // _PIECE}
    return {"chunksize": _PIECE} if scheme in {"gs", "gcs"} else {}
