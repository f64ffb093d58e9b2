"""Write files that appear complete or not at all, and read files that strangers may have placed.

Every name is created with a random temporary name that must not exist yet, so that no link which
somebody placed there is followed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from loader.text import human_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "FOLDER_FLAGS",
    "NEW_FILE_FLAGS",
    "atomic_file",
    "atomic_path",
    "is_temporary",
    "open_regular",
    "read_small",
    "sync_folder",
    "temporary_name",
    "try_lock",
    "write_file",
]

_SMALL = 64 * 2**20
"""Bytes; far more than any record of luc-load's has."""

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{16}\.tmp", re.DOTALL)

_LONGEST_NAME = 200
"""Bytes of a file name to which a suffix of 22 still fits; file systems take 255."""

NEW_FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""Create a file that was not there, not even as a link."""

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
"""Open an existing folder, to create and rename in it by descriptor."""


@contextmanager
def atomic_file(path: Path, *, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Open a new file that gets its name when the block ends well, complete and on disk.

    Parameters
    ----------
    path : pathlib.Path
        The final name, in an existing folder. A file or a link of this name is replaced.
    mode : int
        Permissions before the umask; 0o600 keeps the file private.

    Yields
    ------
    file
        Opened for writing bytes.

    Raises
    ------
    OSError
        If the disk refuses. Nothing is left behind then, nor after any other exception.
    """
    # The folder is opened once: all steps are in it, even if its path is exchanged meanwhile.
    folder = os.open(path.parent, FOLDER_FLAGS)
    try:
        temporary = temporary_name(path.name)
        handle = os.open(temporary, NEW_FILE_FLAGS, mode, dir_fd=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.rename(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            raise
        _sync(folder)
    finally:
        os.close(folder)


def write_file(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write a file at once, as `atomic_file` does.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    with atomic_file(path, mode=mode) as file:
        file.write(data)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a path at which a library writes a file or a folder; it gets its name afterwards.

    Parameters
    ----------
    path : pathlib.Path
        The final name, in an existing folder. A file, a link or a folder of this name is replaced.

    Yields
    ------
    pathlib.Path
        The same name in a private folder next to it, where nobody else can place a link. The
        private folder is locked until the end, so that `is_in_use` tells it from a leftover.

    Raises
    ------
    OSError
        If the disk refuses. Nothing is left behind then, nor after any other exception.
    """
    folder = path.with_name(temporary_name(path.name))
    folder.mkdir(mode=0o700)
    try:
        handle = os.open(folder, FOLDER_FLAGS | os.O_NOFOLLOW)
        try:
            # File systems without locks lose only the distinction.
            with suppress(OSError):
                try_lock(handle)
            yield folder / path.name
            _sync_tree(folder / path.name)
            _exchange(folder / path.name, path, folder / "replaced.")
            sync_folder(path.parent)
        finally:
            os.close(handle)
    finally:
        # Safe against links that are placed meanwhile.
        shutil.rmtree(folder, ignore_errors=True)


def _exchange(new: Path, path: Path, aside: Path) -> None:
    """Give `new` the name `path`; a folder there is moved aside first, and back on failure."""
    is_folder = path.is_dir() and not path.is_symlink()
    if not is_folder:
        new.replace(path)
        return
    path.rename(aside)
    try:
        new.rename(path)
    except OSError:
        aside.rename(path)
        raise


def is_temporary(name: str) -> bool:
    """Return whether a name is one of `temporary_name`."""
    return _TEMPORARY.fullmatch(name) is not None


def temporary_name(name: str) -> str:
    """Return a hidden name that nobody can foretell."""
    stem = name if len(os.fsencode(name)) <= _LONGEST_NAME else "luc-load"
    return f".{stem}.{secrets.token_hex(8)}.tmp"


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    handle = os.open(folder, FOLDER_FLAGS)
    try:
        _sync(handle)
    finally:
        os.close(handle)


def _sync(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        # Some network file systems cannot sync a folder.
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise


def _sync_tree(path: Path) -> None:
    """Make a file, or all files below a folder, durable."""
    files = [path] if not path.is_dir() else [p for p in path.rglob("*") if p.is_file()]
    for file in files:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def try_lock(handle: int, *, is_shared: bool = False) -> bool:
    """Lock an open file or folder against other processes, without waiting.

    The lock ends when the last descriptor of this opening is closed.

    Parameters
    ----------
    handle : int
        A descriptor.
    is_shared : bool
        Whether other processes may hold a shared lock at the same time.

    Returns
    -------
    bool
        False if another process holds a lock that excludes this one.

    Raises
    ------
    OSError
        If the file system has no locks.
    """
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def open_regular(path: Path, flags: int = os.O_RDONLY, *, follow: bool = True) -> int:
    """Open a regular file; a pipe or a device, which could block for ever, is an error.

    Parameters
    ----------
    path : pathlib.Path
    flags : int
        As `os.open` takes them.
    follow : bool
        Whether the last component may be a link. If not, neither may the file have other names,
        through which a write would reach it.

    Returns
    -------
    int
        A descriptor, which the caller closes.

    Raises
    ------
    OSError
        If it cannot be opened or is not such a file.
    """
    safe = os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    handle = os.open(path, flags | safe, 0o666)
    status = os.fstat(handle)
    if stat.S_ISREG(status.st_mode) and (follow or status.st_nlink <= 1):
        return handle
    os.close(handle)
    raise OSError(errno.EINVAL, "not a regular file with one name", str(path))


def read_small(path: Path, limit: int = _SMALL) -> bytes:
    """Read a small regular file completely.

    Raises
    ------
    OSError
        If it cannot be read, is not a regular file or has more than `limit` bytes.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"larger than {human_bytes(limit)}", str(path))
    return data
