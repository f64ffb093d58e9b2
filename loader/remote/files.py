"""The files below an address of a store: list, upload, remove; a file is there whole or not."""

from __future__ import annotations

import errno
import shutil
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from loader.errors import OutputError
from loader.files import atomic_file, is_temporary, read_small, write_file
from loader.names import checked_path
from loader.remote.stores import store_of
from loader.text import human_bytes, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

__all__ = ["AT_ONCE", "StoredFiles", "sizes_of"]

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
        if self.scheme in _LOCAL:
            for name, source in files.items():
                target = self._local(name)
                target.parent.mkdir(parents=True, exist_ok=True)
                with atomic_file(target) as file, source.open("rb") as data:
                    shutil.copyfileobj(data, file)
            return
        if self.scheme not in _BUCKETS:
            for folder in {target.rpartition("/")[0] for target in targets}:
                self.fs.makedirs(folder, exist_ok=True)
        largest = max(source.stat().st_size for source in sources)
        how = _how_to_put(self.scheme, largest)
        self.fs.put([str(source) for source in sources], targets, **how)

    def write(self, name: str, data: bytes, **condition: str) -> None:
        """Write a small file at once, under the conditions that the store knows."""
        if self.scheme in _LOCAL:
            target = self._local(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_file(target, data)
        else:
            self.fs.pipe_file(self.path(name), data, **condition)

    def read(self, name: str) -> tuple[bytes, dict[str, Any]]:
        """Return a small file, and what the store says of it."""
        if self.scheme in _LOCAL:
            return read_small(self._local(name)), {}
        self.fs.invalidate_cache()
        info = self.fs.info(self.path(name))
        if int(info.get("size") or 0) > AT_ONCE:
            raise OSError(errno.EFBIG, "too large for a record of luc-load", self.path(name))
        return self.fs.cat_file(self.path(name)), info

    def remove(self, folder: str, names: Iterable[str]) -> None:
        """Remove files by their exact names, and the folders that are empty then.

        Parameters
        ----------
        folder : str
            A folder below the address, or "" for the address itself, which stays.
        names : iterable of str
            Files in the folder; those that are not there any more are no error. What the store
            would take for a pattern means only itself.
        """
        start = f"{folder}/" if folder else ""
        names = [start + checked_path(name) for name in names]
        if self.scheme in _LOCAL:
            for name in names:
                self._local(name).unlink(missing_ok=True)
        elif self._has_pattern():
            for name in names:
                with suppress(FileNotFoundError):
                    self.fs.rm_file(self.path(name))
        elif names:
            with suppress(FileNotFoundError):
                self.fs.rm([self.path(name) for name in names])
        if self.scheme in _BUCKETS:
            return
        parents = {parent for name in names for parent in PurePosixPath(name).parents}
        for parent in sorted(parents - {PurePosixPath()}, key=lambda p: -len(p.parts)):
            # Not empty: others use it too.
            with suppress(Exception):
                self.fs.rmdir(self.path(parent.as_posix()))

    def remove_unfinished(self, folder: str, names: Iterable[str]) -> None:
        """Remove, on a disk, what a kill left half written of files; stores keep no such files."""
        if self.scheme not in _LOCAL:
            return
        for name in names:
            path = self._local(f"{folder}/{name}")
            for left in path.parent.glob(f".{path.name}.*.tmp"):
                if is_temporary(left.name) and not left.is_symlink():
                    left.unlink(missing_ok=True)

    def _has_pattern(self) -> bool:
        """Return whether the store's library would take the address for a pattern."""
        return any(character in self.root for character in "*?[")

    def _local(self, name: str) -> Path:
        """Return the path of a file on a disk; no folder on the way below the address is a link.

        Raises
        ------
        OutputError
            If one is: it would lead to where the user did not say.
        """
        path = Path(self.root)
        for component in checked_path(name).split("/")[:-1]:
            path /= component
            if path.is_symlink():
                raise OutputError(f"{path}: is a link; remove it, or choose another address")
        return path / PurePosixPath(name).name


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


def sizes_of(folder: Path, names: Collection[str]) -> dict[str, int]:
    """Return the bytes of files of this disk, and of all files in folders, by their name."""
    sizes: dict[str, int] = {}
    for name in sorted(names):
        place = folder / name
        files = [p for p in sorted(place.rglob("*")) if p.is_file()] if place.is_dir() else [place]
        sizes |= {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
    return sizes
