"""The only files that a session can access: its Parquet parts and unnamed temporary files.

A session disables DuckDB's own file system after it has attached the database. Only the file system
of this module remains. It opens Parquet files of one folder for reading. Anything else that
DuckDB writes there goes to files that were never linked into a folder and that vanish with the
session, so that a statement can spill to disk but can leave nothing behind, whatever its text.
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import threading
from pathlib import Path, PurePosixPath
from typing import Any, Self

from fsspec.spec import AbstractFileSystem

__all__ = ["PARTS", "PROTOCOL", "SPILL", "SessionFiles"]

PROTOCOL = "luc-load"
"""The scheme of the addresses that a session can access."""

PARTS = f"{PROTOCOL}://parquet"
"""Address of the folder of Parquet parts."""

SPILL = f"{PROTOCOL}://spill"
"""Address of the temporary files."""

_SPILL_NAME = "duckdb_temp_"
"""How DuckDB begins the names of its temporary files."""


class SessionFiles(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """The file system of one session.

    Parameters
    ----------
    folder : pathlib.Path, optional
        The Parquet dataset that may be read; none if not given.
    """

    protocol = PROTOCOL
    cachable = False

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__()
        self._folder = folder
        self._spilled: dict[str, _SharedFile] = {}
        self._lock = threading.Lock()

    def _open(self, path: str, mode: str = "rb", **_: Any) -> _SharedFile:  # noqa: ANN401
        if (name := self._spill_name(path)) is None:
            if mode != "rb":
                raise PermissionError(f"{path}: a session writes no files")
            return _SharedFile(os.open(self._part(path), os.O_RDONLY | os.O_CLOEXEC))
        # A handle of its own for each time the file is opened: DuckDB closes them one by one.
        with self._lock:
            if name not in self._spilled:
                self._spilled[name] = _unnamed_file()
            return self._spilled[name].another()

    def info(self, path: str, **_: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return name, size in bytes and type of a file or folder."""
        if self._strip_protocol(path) in ("", "spill", "parquet"):
            return {"name": path, "size": 0, "type": "directory"}
        if (name := self._spill_name(path)) is not None:
            with self._lock:
                file = self._spilled.get(name)
                if file is None:
                    raise FileNotFoundError(path)
                return {"name": path, "size": file.size(), "type": "file"}
        size = self._part(path).stat().st_size
        return {"name": path, "size": size, "type": "file"}

    def glob(self, path: str, **_: Any) -> list[str]:  # noqa: ANN401
        """Return the path itself if it exists: patterns match nothing."""
        return [path] if self.exists(path) else []

    def ls(self, *_: Any, **__: Any) -> list[Any]:  # noqa: ANN401
        """Return nothing: no folder can be listed."""
        return []

    def modified(self, path: str) -> dt.datetime:
        """Return the time of the last modification of a part."""
        if self._spill_name(path) is not None:
            return dt.datetime.now(dt.UTC)
        return dt.datetime.fromtimestamp(self._part(path).stat().st_mtime, dt.UTC)

    def mkdir(self, path: str, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Accept the folder of temporary files, which always exists, and reject any other."""
        if self._strip_protocol(path) != "spill":
            raise PermissionError(f"{path}: a session makes no folders")

    makedirs = mkdir

    def rm(self, path: str, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Delete a temporary file."""
        with self._lock:
            file = self._spilled.pop(self._spill_name(path) or "", None)
        if file is not None:
            file.close()

    def mv(self, path: str, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Raise: a session renames no files."""
        raise PermissionError(f"{path}: a session renames no files")

    def _part(self, path: str) -> Path:
        """Return where a Parquet part is on disk."""
        parts = PurePosixPath(self._strip_protocol(path)).parts
        is_part = len(parts) > 1 and parts[0] == "parquet" and ".." not in parts
        if self._folder is None or not is_part or not parts[-1].endswith(".parquet"):
            raise FileNotFoundError(path)
        return self._folder.joinpath(*parts[1:])

    def _spill_name(self, path: str) -> str | None:
        folder, _, name = self._strip_protocol(path).partition("/")
        return name if folder == "spill" and name.startswith(_SPILL_NAME) else None

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(path).removeprefix(f"{PROTOCOL}://").strip("/")


def _unnamed_file() -> _SharedFile:
    with tempfile.TemporaryFile(buffering=0) as file:
        return _SharedFile(os.dup(file.fileno()))


class _SharedFile:
    """An open file that several threads of DuckDB use at once, each at a position of its own.

    DuckDB reads and writes at a position in two calls, `seek` and `read` or `write`, between which
    another thread may do the same. The position therefore belongs to the thread.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._position: dict[int, int] = {}
        self.closed = False

    def another(self) -> _SharedFile:
        """Return another handle of the same file."""
        return _SharedFile(os.dup(self._descriptor))

    def size(self) -> int:
        """Return the size in bytes."""
        return os.fstat(self._descriptor).st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position of this thread."""
        if whence == os.SEEK_CUR:
            offset += self.tell()
        elif whence == os.SEEK_END:
            offset += self.size()
        self._position[threading.get_ident()] = offset
        return offset

    def tell(self) -> int:
        """Return the position of this thread."""
        return self._position.get(threading.get_ident(), 0)

    def read(self, size: int = -1) -> bytes:
        """Read at the position of this thread; fewer bytes only at the end of the file."""
        start = self.tell()
        if size < 0:
            size = max(self.size() - start, 0)
        pieces = []
        # One call reads 2 GiB at most.
        while size > 0 and (piece := os.pread(self._descriptor, size, start)):
            pieces.append(piece)
            start, size = start + len(piece), size - len(piece)
        self._position[threading.get_ident()] = start
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def write(self, data: bytes) -> int:
        """Write at the position of this thread."""
        start, left = self.tell(), memoryview(data)
        while left:
            written = os.pwrite(self._descriptor, left, start)
            start, left = start + written, left[written:]
        self._position[threading.get_ident()] = start
        return len(data)

    def truncate(self, size: int) -> int:
        """Truncate the file."""
        os.ftruncate(self._descriptor, size)
        return size

    def flush(self) -> None:
        """Do nothing: nothing is buffered."""

    def close(self) -> None:
        """Close this handle; a temporary file continues to exist."""
        if not self.closed:
            self.closed = True
            os.close(self._descriptor)

    # DuckDB drops handles that it has not closed.
    __del__ = close
