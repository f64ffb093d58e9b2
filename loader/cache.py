"""Results in the user's cache folder that spare the next run their computation.

What is in the folder is never trusted without its digest, and never if another user may
have written it: then the result is computed again.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from loader.files import atomic_file, open_regular

__all__ = ["cache_directory", "recall", "remember"]

_DIGEST_BYTES = 32


def cache_directory() -> Path:
    """Return the cache folder of luc-load (`XDG_CACHE_HOME` is honoured)."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "luc-load"


def recall(name: str, limit: int) -> bytes | None:
    """Return a result that `remember` stored, or None if there is no valid one.

    Parameters
    ----------
    name : str
        Of the file; it identifies what the result was computed from.
    limit : int
        Bytes; a longer file is not read.
    """
    try:
        handle = open_regular(cache_directory() / name)
        with os.fdopen(handle, "rb") as file:
            if not _is_own(os.fstat(handle)):
                return None
            data = file.read(_DIGEST_BYTES + limit + 1)
    except OSError:
        return None
    digest, body = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    return body if len(body) <= limit and digest == _digest(name, body) else None


def remember(name: str, body: bytes) -> None:
    """Store a result atomically; a failure is not an error, only a slower next run."""
    path = cache_directory() / name
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path, mode=0o644) as file:
            file.write(_digest(name, body) + body)


def _digest(name: str, body: bytes) -> bytes:
    """Return the digest of a result under its name."""
    return hashlib.sha256(name.encode() + body).digest()


def _is_own(status: os.stat_result) -> bool:
    """Return whether only this user can have written a file: anyone can compute a digest."""
    others = stat.S_IWGRP | stat.S_IWOTH
    return status.st_uid in {os.geteuid(), 0} and not status.st_mode & others
