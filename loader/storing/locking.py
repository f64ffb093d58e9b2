"""Lock an output and its private folder, so that only one build at a time runs there."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from loader.errors import OutputBusyError, OutputError
from loader.files import open_regular, try_lock
from loader.folders import private_folder, refuse_links
from loader.storing.paths import LOCK, PRIVATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["exclusive", "held_for_writing", "holder", "lock_output"]

_TRIES = 5
_SECONDS_BETWEEN = 0.02
"""Retries cover a process that reads the holder: it has the lock for some microseconds."""


@contextmanager
def lock_output(out: Path) -> Iterator[Path]:
    """Create and lock the private folder of an output; remove it afterwards if it is empty.

    Parameters
    ----------
    out : pathlib.Path
        Created if it does not exist. It may be a link to a folder elsewhere.

    Yields
    ------
    pathlib.Path
        The private folder: owned by this user, not a link, and without links in it.

    Raises
    ------
    OutputBusyError
        If another process is building there.
    OutputError
        If the folder cannot be created, or holds files that luc-load did not make.
    """
    work = out / PRIVATE
    is_new = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        private_folder(work)
    except (FileExistsError, NotADirectoryError) as error:
        raise OutputError(f"{out}: is not a folder; choose another --out") from error
    except OSError as error:
        reason = f"cannot be written ({error.strerror}); choose another --out"
        raise OutputError(f"{out}: {reason}") from error
    try:
        with exclusive(work / LOCK):
            # The exchange of datasets moves the old one here, which the user may have linked.
            refuse_links(work, but="replaced")
            yield work
    finally:
        # It is not empty after an interruption, or if another process was quicker.
        with suppress(OSError):
            work.rmdir()
            if is_new:
                out.rmdir()


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, which is removed afterwards.

    Raises
    ------
    OutputBusyError
        At once, if another process holds it; names the process.
    OutputError
        If the file cannot be created.
    """
    handle = _lock(path)
    try:
        # The process id is only used in messages, so failing to write it is not an error.
        with suppress(OSError):
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        # If the file cannot be removed, the next build locks it and removes it.
        with suppress(OSError):
            path.unlink(missing_ok=True)
        os.close(handle)


def _lock(path: Path) -> int:
    """Return a descriptor that holds the lock on the file that `path` names."""
    while True:
        try:
            handle = open_regular(path, os.O_RDWR | os.O_CREAT, follow=False)
        except FileNotFoundError:
            # Another build ended just now and removed its empty folder.
            path.parent.parent.mkdir(parents=True, exist_ok=True)
            private_folder(path.parent)
            continue
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.EINVAL}:
                reason = "is not a lock file of luc-load's; remove it, or choose another --out"
                raise OutputError(f"{path}: {reason}") from error
            raise OutputError(f"{path}: cannot be created ({error.strerror})") from error
        if not _lock_within(handle):
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


def _lock_within(handle: int) -> bool:
    """Try to take the lock for a tenth of a second; return whether it was taken."""
    for _ in range(_TRIES):
        if try_lock(handle):
            return True
        time.sleep(_SECONDS_BETWEEN)
    return False


def holder(path: Path) -> int | None:
    """Return the process that holds the lock file `path`, or None if none does."""
    try:
        handle = open_regular(path, follow=False)
    except OSError:
        return None
    try:
        if try_lock(handle, is_shared=True):
            return None
        process = os.read(handle, 64).decode(errors="replace").strip()
        return int(process) if process.isdecimal() else 0
    finally:
        os.close(handle)


def held_for_writing(database: Path) -> bool:
    """Return whether another process has a DuckDB file open for writing.

    DuckDB holds a POSIX write lock on such a file; replacing it under its holder would leave the
    holder's log next to the new file, which then no one could open.

    Parameters
    ----------
    database : pathlib.Path
        Must not be open in this process: closing any descriptor drops this process's own locks.
    """
    try:
        handle = open_regular(database)
    except FileNotFoundError:
        return False
    try:
        fcntl.lockf(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return True
    finally:
        os.close(handle)
    return False
