"""One build at a time on an output: a lock that dies with its process."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from loader.errors import OutputBusyError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["LOCK", "PRIVATE", "exclusive", "held_for_writing", "holder"]

PRIVATE = ".luc-load"
"""The folder, in that of the output, of the lock and of what is being built."""

LOCK = "lock"
"""The file of the lock there."""

_TRIES = 5
_SECONDS_BETWEEN = 0.02
"""Who only asks for the holder has the lock for some microseconds: not worth an error."""


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, which is gone afterwards.

    Raises
    ------
    OutputBusyError
        At once, if another process holds it; names the process.
    OutputError
        If the file cannot be created.
    """
    handle = _lock(path)
    try:
        # Who holds it is a courtesy to the next one: no reason not to build.
        with suppress(OSError):
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        # A file that stays is locked and removed by the next build.
        with suppress(OSError):
            path.unlink(missing_ok=True)
        os.close(handle)


def _lock(path: Path) -> int:
    """Return a descriptor that holds the lock on the file that `path` names."""
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except FileNotFoundError:
            # Another build ended just now and removed its empty folder.
            path.parent.mkdir(parents=True, exist_ok=True)
            continue
        except OSError as error:
            raise OutputError(f"{path}: cannot be created ({error.strerror})") from error
        if not _lock_within(handle, fcntl.LOCK_EX):
            process = os.read(handle, 64).decode(errors="replace").strip() or "unknown"
            os.close(handle)
            raise OutputBusyError(
                f"{path.parent.parent}: another build holds this output (process {process}); "
                "wait for it to end, or choose another --out"
            )
        # The holder before us may have removed the file between our opening and our locking it.
        try:
            if os.fstat(handle).st_ino == path.stat().st_ino:
                return handle
        except FileNotFoundError:
            pass
        os.close(handle)


def _lock_within(handle: int, kind: int) -> bool:
    """Take a lock, and say whether it could be taken in a tenth of a second."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_SECONDS_BETWEEN)
        else:
            return True
    return False


def holder(path: Path) -> int | None:
    """Return the process that holds the lock file `path`, or None if none does."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        found = os.read(handle, 64).decode(errors="replace").strip()
        return int(found) if found.isdigit() else 0
    finally:
        os.close(handle)
    return None


def held_for_writing(database: Path) -> bool:
    """Return whether another process has a DuckDB file open for writing.

    DuckDB holds a POSIX write lock on such a file; replacing it under its holder would leave the
    holder's log beside the new file, which then no one could open.

    Parameters
    ----------
    database : pathlib.Path
        Must not be open in this process: closing any descriptor drops this process's own locks.
    """
    try:
        handle = os.open(database, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.lockf(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return True
    finally:
        os.close(handle)
    return False
