"""Check from the first bytes of a source that it is netCDF, complete and not being written.

No netCDF library is used: it may hang or crash on a file of another format.
"""

from __future__ import annotations

import fcntl
import os
import stat

from loader.errors import SourceBusyError, SourceError, SourceMissingError, one_line
from loader.files import try_lock
from loader.reading.classic import CLASSIC_MAGICS, needed_size

__all__ = ["HDF5_MAGIC", "NETCDF_MAGICS", "check_header", "damaged", "is_page", "what_is"]

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"

NETCDF_MAGICS = (*CLASSIC_MAGICS, HDF5_MAGIC)
"""First bytes of a netCDF file of any version."""

_NOT_NETCDF = (
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"PK\x03\x04", "a zip archive; unpack it first"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"\xfd7zXZ", "an xz archive; unpack it first"),
    (b"GRIB", "a GRIB file; convert it to netCDF first"),
    (b"%PDF", "a PDF document"),
    (b"SQLite", "an SQLite database"),
)
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257


def check_header(path: str) -> bytes:
    """Return the first bytes of a netCDF file that has the size that its header requires.

    Parameters
    ----------
    path : str

    Returns
    -------
    bytes
        Begins with one of `NETCDF_MAGICS`.

    Raises
    ------
    SourceMissingError
        If the file does not exist.
    SourceBusyError
        If another process is writing it.
    SourceError
        If it is not a regular file, empty, not netCDF or truncated.
    """
    _refuse_irregular(path)
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # a path may hold bytes that pathlib refuses
            _refuse_being_written(path, file.fileno())
            head = file.read(512)
            size = os.fstat(file.fileno()).st_size
            # Both formats say in their header how long the file must be.
            if head.startswith(CLASSIC_MAGICS):
                file.seek(0)
                needed = needed_size(file)
            else:
                needed = _end_of_hdf5(head)
    except OSError as error:
        raise SourceError(path, f"cannot be read ({one_line(error)})") from error
    except ValueError as error:
        raise damaged(path, error) from error
    if not head:
        raise SourceError(path, "is empty; expected a netCDF file (a failed download?)")
    if not head.startswith(NETCDF_MAGICS):
        raise SourceError(path, f"is {what_is(head)}; expected a netCDF file")
    if size < needed:
        raise damaged(path, f"its header requires {needed}")
    return head


def damaged(path: str, reason: BaseException | str) -> SourceError:
    """Return the error for a file that is netCDF but cannot be opened."""
    size = os.stat(path).st_size  # noqa: PTH116  # as above
    text = reason if isinstance(reason, str) else one_line(reason)
    return SourceError(
        path,
        f"cannot be opened as netCDF ({text}); the file has {size} bytes and is truncated or "
        "damaged: fetch it again",
    )


def _refuse_irregular(path: str) -> None:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  # as above
    except FileNotFoundError as error:
        link = f" (a link to {os.readlink(path)})" if os.path.islink(path) else ""  # noqa: PTH114, PTH115
        raise SourceMissingError(path, f"there is no such file{link}") from error
    except (OSError, ValueError) as error:
        raise SourceError(path, f"cannot be accessed ({one_line(error)})") from error
    if stat.S_ISDIR(mode):
        raise SourceError(path, "is a directory; expected a netCDF file")
    if not stat.S_ISREG(mode):
        raise SourceError(path, "is not a regular file; expected a netCDF file")


def _refuse_being_written(path: str, descriptor: int) -> None:
    """Raise if another process holds the lock that the HDF5 library takes while it writes."""
    try:
        is_free = try_lock(descriptor, is_shared=True)
    except OSError:
        # A file system without locks: HDF5 continues without them too.
        return
    if not is_free:
        raise SourceBusyError(
            path,
            "another process is writing it; wait until it ends, then run the same command again",
        )
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def _end_of_hdf5(head: bytes) -> int:
    """Return the size recorded in the superblock of an HDF5 file; 0 if its version is unknown.

    Notes
    -----
    Source: HDF5 File Format Specification 3.0, II.A, "Disk Format: Level 0A".
    """
    if not head.startswith(HDF5_MAGIC) or len(head) < 64:
        return 0
    version = head[8]
    if version in {0, 1}:
        width, start = head[13], 24 + 4 * version
    elif version in {2, 3}:
        width, start = head[9], 12
    else:
        return 0
    if width not in {2, 4, 8}:
        raise ValueError("its superblock is damaged")
    # The base address, the free-space or extension address, then the end of the file.
    base = int.from_bytes(head[start : start + width], "little")
    return base + int.from_bytes(head[start + 2 * width : start + 3 * width], "little")


def is_page(head: bytes) -> bool:
    """Return whether a file that begins with these bytes is an HTML or XML document."""
    return head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<head", b"<?xml"))


def what_is(head: bytes) -> str:
    """Describe a file that is not netCDF by its first bytes."""
    for start, what in _NOT_NETCDF:
        if head.startswith(start):
            return what
    if head[_TAR_MAGIC_AT:].startswith(_TAR_MAGIC):
        return "a tar archive; unpack it first"
    if is_page(head):
        return "an HTML or XML document (a failed download?)"
    return "neither netCDF-3 nor netCDF-4 (HDF5)"
