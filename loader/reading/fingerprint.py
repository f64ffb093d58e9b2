"""Detect changes of a source during a build: by its file status, or else by its digest."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loader.errors import SourceError
from loader.remote.stores import is_address, status_of, store_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Digests", "Fingerprint", "changed_source", "digest_file", "fingerprint", "is_one_file"]


_BYTES_AT_ONCE = 2**20


@dataclass(frozen=True)
class Fingerprint:
    """The status of a file; equal while nobody touched it.

    Attributes
    ----------
    size : int
        Bytes, of a Zarr store of all its files.
    mtime_ns, ctime_ns, inode : int
        0 if a store does not report it.
    etag : str
        What a store calls this version of its file, or a digest of the statuses of a Zarr store's
        files; "" for a local file.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    etag: str = ""

    def as_record(self) -> dict[str, int | str]:
        """Return the fingerprint as a dict that JSON can hold."""
        return {key: value for key, value in asdict(self).items() if value != ""}


def fingerprint(path: str) -> Fingerprint:
    """Return the status of a file, a Zarr store or the object at an address.

    Raises
    ------
    SourceError
        If it does not exist any more.
    ServiceError
        If the store does not answer.
    """
    if not is_one_file(path):
        stored = status_of(store_of(path))
        return Fingerprint(stored.size, stored.mtime_ns, 0, 0, stored.etag)
    try:
        status = Path(path).stat()
    except OSError as error:
        raise SourceError(path, f"cannot be accessed ({error.strerror})") from error
    return Fingerprint(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def is_one_file(path: str) -> bool:
    """Return whether a path is a local file, which can be digested in the background."""
    return not is_address(path) and not Path(path).is_dir()


def digest_file(path: str, stop: threading.Event | None = None) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal; "" if `stop` was set meanwhile.

    Also "" for an address and a Zarr store: reading them a second time would double the traffic.

    Raises
    ------
    SourceError
        If it cannot be read.
    """
    if not is_one_file(path):
        return ""
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            while data := file.read(_BYTES_AT_ONCE):
                if stop is not None and stop.is_set():
                    return ""
                digest.update(data)
    except OSError as error:
        raise SourceError(path, f"cannot be read ({error.strerror})") from error
    return digest.hexdigest()


class Digests:
    """Digests of several files, computed one after the other in a background thread.

    Parameters
    ----------
    paths : mapping of str to str
        Path by name of the source; only local files get a digest.
    """

    def __init__(self, paths: Mapping[str, str]) -> None:
        self._stop = threading.Event()
        self._executor = ThreadPoolExecutor(max_workers=1)
        self._paths = dict(paths)
        self._futures: dict[str, Future[tuple[str, Fingerprint]]] = {
            name: self._executor.submit(self._digest, path)
            for name, path in paths.items()
            if is_one_file(path)
        }

    def result(self) -> dict[str, str]:
        """Wait for the digests and return them by name of the source."""
        return {name: future.result()[0] for name, future in self._futures.items()}

    def refuse_changed(self, before: Mapping[str, Fingerprint]) -> None:
        """Raise if a source changed during the build.

        Parameters
        ----------
        before : mapping of str to Fingerprint
            Status of the files when the build began, by name of the source.

        Raises
        ------
        SourceError
            If the content of one changed, or may have changed while it was digested.
        """
        for name, status in before.items():
            path = self._paths[name]
            if fingerprint(path) == status:
                continue
            if name not in self._futures:
                raise changed_source(path)
            # Only a digest of the original content can prove that just the status changed.
            digest, when_digested = self._futures[name].result()
            if when_digested != status or digest_file(path) != digest:
                raise changed_source(path)

    def _digest(self, path: str) -> tuple[str, Fingerprint]:
        return digest_file(path, self._stop), fingerprint(path)

    def close(self) -> None:
        """Cancel the digests that are not finished."""
        self._stop.set()
        self._executor.shutdown(wait=True, cancel_futures=True)


def changed_source(path: str) -> SourceError:
    """Return the error for a source that changed after the build began."""
    return SourceError(path, "changed while it was being read; run the command again")
