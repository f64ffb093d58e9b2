"""List, upload and remove the files below an address; uploads of a file are atomic."""

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
"""Stores without folders: makedirs would create a bucket there."""

_LOCAL = ("file", "local")

AT_ONCE = 128 * 2**20
"""Bytes uploaded at a time: the upload of a file of 800 MB needs 0.32 GB of memory.

With the default of s3fs, 500 MB, it needs 1.07 GB.
"""

_FILES = 8
"""Maximum number of files uploaded at a time."""

_PIECE, _MOST_PIECES = 16 * 2**20, 9_000
"""S3 allows 10,000 pieces per file; gcsfs requires multiples of 256 KiB."""


class StoredFiles:
    """Files below one address, by name. Creating an instance does not contact the store.

    All methods raise the errors of the store's library unchanged.

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
        """Return the path of a file or folder in the form that the store's library expects."""
        return f"{self.root}/{name}"

    def missing_bucket(self) -> str | None:
        """Return the bucket of the address if it is known not to exist, else None."""
        bucket = self.root.partition("/")[0]
        if self.scheme not in _BUCKETS:
            return None
        try:
            self.fs.info(bucket)
        except FileNotFoundError:
            return bucket
        except PermissionError:
            # Permission to write to a bucket does not imply permission to inspect it.
            pass
        return None

    def sizes(self, folder: str) -> dict[str, int]:
        """Return the size of every file below a folder, by name relative to the folder."""
        self.fs.invalidate_cache()
        start = self.path(folder)
        try:
            files = self.fs.find(start, detail=True)
        except FileNotFoundError:
            return {}
        return {name.removeprefix(f"{start}/"): int(info["size"]) for name, info in files.items()}

    def upload(
        self, folder: Path, home: str, sizes: Mapping[str, int], notify: Callable[[str], None]
    ) -> None:
        """Upload the files of a folder that are missing in the store or have another size there.

        Parameters
        ----------
        folder : pathlib.Path
        home : str
            The folder in the store.
        sizes : mapping of str to int
            Size of each file in bytes, by name relative to both folders.
        notify : callable
            Receives a line of progress.
        """
        there = self.sizes(home)
        missing = {name: size for name, size in sizes.items() if there.get(name) != size}
        total, done = human_bytes(sum(sizes.values())), sum(sizes.values()) - sum(missing.values())
        for group in _groups(missing):
            notify(f"uploading to {without_secrets(self.address)}: {human_bytes(done)} of {total}")
            self.put({f"{home}/{name}": folder / name for name in group})
            done += sum(missing[name] for name in group)

    def put(self, files: Mapping[str, Path]) -> None:
        """Upload files, in parallel if the store's library supports it.

        Parameters
        ----------
        files : mapping of str to pathlib.Path
            Local path of each file, by its name in the store. All files may be in memory at once,
            but at most `AT_ONCE` bytes of a larger one.
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
        """Write a small file in one request, under conditions that the store supports."""
        if self.scheme in _LOCAL:
            target = self._local(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_file(target, data)
        else:
            self.fs.pipe_file(self.path(name), data, **condition)

    def read(self, name: str) -> tuple[bytes, dict[str, Any]]:
        """Return the content of a small file, and its status in the store."""
        if self.scheme in _LOCAL:
            return read_small(self._local(name)), {}
        self.fs.invalidate_cache()
        info = self.fs.info(self.path(name))
        if int(info.get("size") or 0) > AT_ONCE:
            raise OSError(errno.EFBIG, "too large for a record of luc-load", self.path(name))
        return self.fs.cat_file(self.path(name)), info

    def remove(self, folder: str, names: Iterable[str]) -> None:
        """Remove files by their exact names, and folders that become empty.

        Parameters
        ----------
        folder : str
            A folder below the address, or "" for the address itself, which stays.
        names : iterable of str
            Files in the folder; missing files are ignored. Names are never treated as patterns.
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
            # Fails if the folder is not empty, because others use it too.
            with suppress(Exception):
                self.fs.rmdir(self.path(parent.as_posix()))

    def remove_unfinished(self, folder: str, names: Iterable[str]) -> None:
        """Remove temporary files of a killed process, on a disk; stores have no such files."""
        if self.scheme not in _LOCAL:
            return
        for name in names:
            path = self._local(f"{folder}/{name}")
            for left in path.parent.glob(f".{path.name}.*.tmp"):
                if is_temporary(left.name) and not left.is_symlink():
                    left.unlink(missing_ok=True)

    def _has_pattern(self) -> bool:
        """Return whether the store's library would treat the address as a pattern."""
        return any(character in self.root for character in "*?[")

    def _local(self, name: str) -> Path:
        """Return the path of a file on a disk; no folder between it and the address is a link.

        Raises
        ------
        OutputError
            If one is a link, which could lead outside the address.
        """
        path = Path(self.root)
        for component in checked_path(name).split("/")[:-1]:
            path /= component
            if path.is_symlink():
                raise OutputError(f"{path}: is a link; remove it, or choose another address")
        return path / PurePosixPath(name).name


def _groups(sizes: Mapping[str, int]) -> Iterator[list[str]]:
    """Yield groups of files that are uploaded together: up to `AT_ONCE` bytes, or one file."""
    group: list[str] = []
    for name, size in sizes.items():
        if group and (len(group) == _FILES or sum(sizes[n] for n in group) + size > AT_ONCE):
            yield group
            group = []
        group.append(name)
    if group:
        yield group


def _how_to_put(scheme: str, size: int) -> dict[str, int]:
    """Return the size of the pieces of a file, and how many are uploaded at a time."""
    pieces = -(-size // _MOST_PIECES // _PIECE) * _PIECE
    if scheme in {"s3", "s3a"}:
        return {"chunksize": max(_PIECE, pieces), "max_concurrency": AT_ONCE // _PIECE}
    return {"chunksize": _PIECE} if scheme in {"gs", "gcs"} else {}


def sizes_of(folder: Path, names: Collection[str]) -> dict[str, int]:
    """Return the sizes of local files, and of all files in local folders, by name."""
    sizes: dict[str, int] = {}
    for name in sorted(names):
        place = folder / name
        files = [p for p in sorted(place.rglob("*")) if p.is_file()] if place.is_dir() else [place]
        sizes |= {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
    return sizes
