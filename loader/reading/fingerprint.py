"""Whether a source is still the one that was read: by its status, else by its digest."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loader.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Digests", "Fingerprint", "digest_file", "fingerprint"]


_BYTES_AT_ONCE = 2**20


@dataclass(frozen=True)
class Fingerprint:
    """The status of a file; equal while nobody touched it."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    def as_record(self) -> dict[str, int]:
        """Return it ready for JSON."""
        return asdict(self)


def fingerprint(path: str) -> Fingerprint:
    """Return the status of a file.

    Raises
    ------
    SourceError
        If it is gone.
    """
    try:
        status = Path(path).stat()
    except OSError as error:
        raise SourceError(path, f"cannot be looked at ({error.strerror})") from error
    return Fingerprint(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def digest_file(path: str, stop: threading.Event | None = None) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal; "" if `stop` was set meanwhile.

    Raises
    ------
    SourceError
        If it cannot be read.
    """
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
    """Digests of several files, computed one after the other beside other work.

    Parameters
    ----------
    paths : mapping of str to str
        Path by name of the source.
    """

    def __init__(self, paths: Mapping[str, str]) -> None:
        self._stop = threading.Event()
        self._executor = ThreadPoolExecutor(max_workers=1)
        self._paths = dict(paths)
        self._futures: dict[str, Future[tuple[str, Fingerprint]]] = {
            name: self._executor.submit(self._digest, path) for name, path in paths.items()
        }

    def result(self) -> dict[str, str]:
        """Wait for the digests and return them by name of the source."""
        return {name: future.result()[0] for name, future in self._futures.items()}

    def refuse_changed(self, before: Mapping[str, Fingerprint]) -> None:
        """Refuse sources that are not what they were, now that the build has read them.

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
            # Only a digest of what was there at the beginning can prove that it was just touched.
            digest, when_digested = self._futures[name].result()
            if when_digested != status or digest_file(path) != digest:
                found = "changed while it was being read; run the command again"
                raise SourceError(path, found)

    def _digest(self, path: str) -> tuple[str, Fingerprint]:
        return digest_file(path, self._stop), fingerprint(path)

    def close(self) -> None:
        """Give up what is not finished."""
        self._stop.set()
        self._executor.shutdown(wait=True, cancel_futures=True)
