"""Private folders, removal that follows no link, and free space."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from loader.errors import OutputError
from loader.files import FOLDER_FLAGS, NEW_FILE_FLAGS, temporary_name, try_lock
from loader.text import human_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "final_target",
    "free_bytes",
    "is_in_use",
    "private_folder",
    "refuse_links",
    "remove",
    "require_space",
    "tree_size",
    "waiting_lock",
]

_MOST_LINKS = 40
"""In a chain, as in the kernel."""

_SECONDS_BETWEEN = 0.1
"""Between two attempts to take a lock that another process holds."""


def private_folder(path: Path) -> None:
    """Create a folder that only this user may enter, or make sure that an existing one is.

    Parameters
    ----------
    path : pathlib.Path
        In an existing folder, which may be reached through links.

    Raises
    ------
    OutputError
        If it is a link, not a folder, or belongs to another user.
    OSError
        If it cannot be created.
    """
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    advice = "remove it, or choose another folder"
    try:
        handle = os.open(path, FOLDER_FLAGS | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno not in {errno.ELOOP, errno.EMLINK, errno.ENOTDIR}:
            raise
        kind = "a link" if path.is_symlink() else "not a folder"
        raise OutputError(f"{path}: is {kind}; expected a folder of luc-load's: {advice}") from None
    try:
        status = os.fstat(handle)
        if status.st_uid != os.geteuid() and status.st_uid != _owner_of_new_files(handle):
            raise OutputError(f"{path}: belongs to another user (uid {status.st_uid}); {advice}")
        if status.st_mode & 0o077:
            # File systems without permissions refuse, and cannot be made private.
            with suppress(OSError):
                os.fchmod(handle, 0o700)
    finally:
        os.close(handle)


def _owner_of_new_files(folder: int) -> int:
    """Return which user owns what this process creates: some network file systems map all users."""
    name = temporary_name("owner")
    try:
        handle = os.open(name, NEW_FILE_FLAGS, 0o600, dir_fd=folder)
    except OSError:
        return os.geteuid()
    try:
        os.unlink(name, dir_fd=folder)
        return os.fstat(handle).st_uid
    finally:
        os.close(handle)


def final_target(path: Path) -> Path:
    """Return where a file that the user named is written: what a link of the user's leads to.

    Parameters
    ----------
    path : pathlib.Path
        Need not exist. Links on the way to its folder are followed.

    Raises
    ------
    OutputError
        If it is a link that another user made, who could choose what is overwritten, or a link that
        leads to itself.
    """
    target = path
    for _ in range(_MOST_LINKS):
        if not target.is_symlink():
            return target.parent.resolve() / target.name
        status = target.lstat()
        if status.st_uid not in {os.geteuid(), 0}:
            raise OutputError(
                f"{path}: is a link made by another user (uid {status.st_uid}); remove it, or "
                "choose another name"
            )
        target = target.parent / target.readlink()
    raise OutputError(f"{path}: is a link that leads to itself; remove it")


def refuse_links(folder: Path, but: str = "") -> None:
    """Make sure that a folder of ours holds nothing but folders and regular files.

    Parameters
    ----------
    folder : pathlib.Path
        Private, so that nobody can place a link after this check.
    but : str
        The name of entries that may be links, because they are only ever renamed or removed.

    Raises
    ------
    OutputError
        If anything else is in it: luc-load makes no links, and would follow this one.
    """
    for place, folders, files, handle in os.fwalk(folder, follow_symlinks=False):
        for name in {*folders, *files} - {but}:
            mode = os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                kind = "a link" if stat.S_ISLNK(mode) else "neither a file nor a folder"
                raise OutputError(
                    f"{Path(place) / name}: is {kind}, which luc-load did not make; remove it and "
                    "run the same command again"
                )


@contextmanager
def waiting_lock(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder, after every other process that holds it has ended.

    The lock leaves no file. Where the file system has no such locks, it does nothing.

    Raises
    ------
    OSError
        If the folder cannot be opened.
    """
    handle = os.open(folder, FOLDER_FLAGS)
    try:
        # Not a blocking call: a signal must end the waiting.
        with suppress(OSError):  # a file system without locks
            while not try_lock(handle):
                time.sleep(_SECONDS_BETWEEN)
        yield
    finally:
        os.close(handle)


def is_in_use(path: Path) -> bool:
    """Return whether another process holds a lock on a file or a folder."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return not try_lock(handle, is_shared=True)
    finally:
        os.close(handle)


def remove(path: Path) -> int:
    """Remove a file, a link or a folder with all that is in it; no link is followed.

    Returns
    -------
    int
        Bytes of the files that are gone.

    Raises
    ------
    OSError
        If it is not there or cannot be removed.
    """
    size = tree_size(path)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
    return size


def tree_size(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder; no link is followed."""
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    size = 0
    for _, _, files, handle in os.fwalk(path, follow_symlinks=False):
        for name in files:
            # A file that is removed meanwhile has no size.
            with suppress(FileNotFoundError):
                size += os.stat(name, dir_fd=handle, follow_symlinks=False).st_size
    return size


def free_bytes(folder: Path) -> int:
    """Return the free space of the file system where a folder is or would be created."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(existing).free


def require_space(folder: Path, needed: int, purpose: str, remedy: str) -> int:
    """Raise if a file system does not have the space for what will be written.

    Parameters
    ----------
    folder : pathlib.Path
        Need not exist.
    needed : int
        Bytes.
    purpose : str
        What needs them, as "the build".
    remedy : str
        What the user can do besides freeing space, as "choose another --out".

    Returns
    -------
    int
        Bytes that are free.

    Raises
    ------
    OutputError
        If fewer are free than needed.
    """
    free = free_bytes(folder)
    if needed > free:
        raise OutputError(
            f"{folder}: has {human_bytes(free)} free, but {purpose} needs about "
            f"{human_bytes(needed)}; free some space, or {remedy}"
        )
    return free
