"""A file during its download: the bytes so far, and a note on the file they belong to."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from loader.errors import OutputBusyError, OutputError
from loader.files import open_regular, read_small, sync_folder, try_lock, write_file
from loader.text import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Partial"]

_MARK = "luc-load fetch"
_BYTES_AT_ONCE = 2**20
_SYNC_EVERY = 64 * 2**20
"""Bytes; a power failure loses at most this much of a download."""


class Partial:
    """`NAME.part` and its note `NAME.part.json`, locked by this process.

    Only bytes that the note records as synced are used again: after a power failure a file may have
    its length but not its bytes. The note stays when a download fails. Only this user may read it,
    and it holds neither the user and password of the address nor its query, which may be signed.

    Parameters
    ----------
    target : pathlib.Path
        The final name.
    url : str
        Bytes that came from another address are dropped.

    Raises
    ------
    OutputBusyError
        If another process is downloading the same file.
    OutputError
        If another file has the name, or the file cannot be written.
    """

    def __init__(self, target: Path, url: str) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".part")
        self._note_path = target.with_name(target.name + ".part.json")
        self._note: dict[str, Any] = {}
        try:
            self._handle = self._open()
        except OSError as error:
            raise self.refused(error) from error
        try:
            self.size = self._recall(url)
        except BaseException:
            os.close(self._handle)
            raise

    @property
    def validator(self) -> str | None:
        """The validator that the server gave for the file, if any."""
        value = self._note.get("validator")
        return value if isinstance(value, str) else None

    @property
    def total(self) -> int | None:
        """The size of the complete file, if the server stated it."""
        value = self._note.get("total")
        return value if isinstance(value, int) else None

    def begin(self, url: str, validator: str | None, total: int | None) -> None:
        """Start again from the first byte."""
        self._note = {
            "made_by": _MARK,
            "url": without_secrets(url),
            "query": _query_mark(url),
            "validator": validator,
            "total": total,
        }
        try:
            self._write_note(0)
            os.ftruncate(self._handle, 0)
            os.lseek(self._handle, 0, os.SEEK_SET)
        except OSError as error:
            raise self.refused(error) from error
        self.size = 0

    def append(self, data: bytes) -> None:
        """Add bytes to the end."""
        before = self.size
        view = memoryview(data)
        try:
            while view:
                written = os.write(self._handle, view)
                self.size += written
                view = view[written:]
            if before // _SYNC_EVERY != self.size // _SYNC_EVERY:
                self.sync()
        except OSError as error:
            raise self.refused(error) from error

    def sync(self) -> None:
        """Make the bytes durable, so that the next run can use them."""
        if not self._note:
            return
        try:
            os.fsync(self._handle)
            self._write_note(self.size)
        except OSError as error:
            raise self.refused(error) from error

    def chunks(self) -> Iterator[bytes]:
        """Read the bytes so far, from the first one."""
        offset = 0
        while data := os.pread(self._handle, _BYTES_AT_ONCE, offset):
            yield data
            offset += len(data)

    def let_read(self) -> None:
        """Unlock the file while this process opens it: the HDF5 library locks what it reads.

        Raises
        ------
        OutputBusyError
            If another process took the lock at that moment.
        """
        self._lock(is_shared=True)

    def publish(self) -> None:
        """Give the complete file its final name, which must be free."""
        try:
            os.fsync(self._handle)
            try:
                # Not a rename: it would silently replace a file that was created meanwhile.
                os.link(self.path, self.target)
            except FileExistsError:
                raise
            except OSError:
                # A file system without hard links.
                if self.target.exists():
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
                self.path.rename(self.target)
            self.path.unlink(missing_ok=True)
            self._note_path.unlink(missing_ok=True)
            sync_folder(self.target.parent)
        except FileExistsError as error:
            problem = "was created during the download; it was not replaced, and the download is in"
            raise OutputError(f"{self.target}: {problem} {self.path}") from error
        except OSError as error:
            raise self.refused(error) from error

    def drop(self) -> None:
        """Drop all bytes; `close` then leaves no file."""
        try:
            os.ftruncate(self._handle, 0)
            os.lseek(self._handle, 0, os.SEEK_SET)
            self._note_path.unlink(missing_ok=True)
        except OSError as error:
            raise self.refused(error) from error
        self._note, self.size = {}, 0

    def close(self) -> None:
        """Keep the bytes for the next run, and unlock the file."""
        if self.size == 0:
            self.path.unlink(missing_ok=True)
            if self._note:
                self._note_path.unlink(missing_ok=True)
        os.close(self._handle)

    def refused(self, error: OSError) -> OutputError:
        """Return the error for a failure of the disk."""
        why = error.strerror or str(error)
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            return OutputError(
                f"{self.path}: cannot grow ({why}); free some space, then run the same "
                "command again to resume"
            )
        return OutputError(f"{self.path}: cannot be written ({why}); choose another --out")

    def _open(self) -> int:
        while True:
            handle = open_regular(self.path, os.O_RDWR | os.O_CREAT, follow=False)
            self._handle = handle
            try:
                self._lock()
            except BaseException:
                os.close(handle)
                raise
            # The previous holder of the lock may have renamed or removed the file.
            try:
                if os.fstat(handle).st_ino == self.path.stat().st_ino:
                    return handle
            except FileNotFoundError:
                pass
            os.close(handle)

    def _lock(self, *, is_shared: bool = False) -> None:
        if not try_lock(self._handle, is_shared=is_shared):
            problem = "another process is downloading this file; wait for it to end"
            raise OutputBusyError(f"{self.path}: {problem}")

    def _recall(self, url: str) -> int:
        """Return how many bytes of an earlier run can be used, and cut off the others."""
        length = os.fstat(self._handle).st_size
        try:
            note = json.loads(read_small(self._note_path))
            is_ours = note["made_by"] == _MARK
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            note, is_ours = {}, False
        # 1. Never continue a file that somebody else wrote.
        if length and not is_ours:
            raise OutputError(
                f"{self.path}: was not made by luc-load fetch; move it, or choose another --out"
            )
        # 2. Trust only bytes that were on the disk before the last note of them, and of the same
        # file.
        synced = note.get("synced", 0) if is_ours else 0
        same = is_ours and _is_same_file(note, url) and isinstance(synced, int)
        usable = min(length, synced) if same else 0
        if usable:
            self._note = note
        elif is_ours:
            self._note_path.unlink()
        # 3. Cut off the others; writing continues where they were.
        os.ftruncate(self._handle, usable)
        os.lseek(self._handle, usable, os.SEEK_SET)
        return usable

    def _write_note(self, synced: int) -> None:
        note = json.dumps({**self._note, "synced": synced}).encode()
        write_file(self._note_path, note, mode=0o600)


def _is_same_file(note: dict[str, Any], url: str) -> bool:
    """Return whether a note describes the file at an address, as far as can be known."""
    if note.get("url") != without_secrets(url):
        return False
    validator = note.get("validator")
    # A strong ETag means these very bytes, however the address was signed this time.
    is_strong = isinstance(validator, str) and validator.startswith('"')
    return is_strong or note.get("query") == _query_mark(url)


def _query_mark(url: str) -> str:
    """Return 16 bits of a digest of the query: they tell files apart, but reveal no secret."""
    return hashlib.sha256(url.partition("?")[2].encode()).hexdigest()[:4]
