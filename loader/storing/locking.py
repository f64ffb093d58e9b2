"""One build at a time on an output: a lock that dies with its process."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from loader.errors import OutputBusyError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["exclusive", "held_for_writing"]


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
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
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
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 64).decode(errors="replace").strip() or "unknown"
            os.close(handle)
            raise OutputBusyError(
                f"{path.parent.parent}: another build holds this output (process {holder}); "
                "wait for it to end, or choose another --out"
            ) from error
        # The holder before us may have removed the file between our opening and our locking it.
        try:
            if os.fstat(handle).st_ino == path.stat().st_ino:
                return handle
        except FileNotFoundError:
            pass
        os.close(handle)


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
