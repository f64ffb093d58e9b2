"""The standard streams of the command line: what happens where one is closed, full or not UTF-8.

- A pipe whose reader left takes no more output, and that is all it means: the work is done, and
  the exit code is the one that the work earned. Only `query` and `export` stop early, because
  their output is all they do.
- Standard output that is closed, or on a full disk, is an error: somebody wanted the result.
- Standard error that is closed or full is not: nobody wanted the messages.
"""

from __future__ import annotations

import io
import os
import select
import sys
from typing import TYPE_CHECKING

from loader.errors import OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["ReaderLeftError", "StandardOutput", "flush_output", "prepare_streams", "use_utf8"]


class ReaderLeftError(BrokenPipeError):
    """Standard output is a pipe that nobody reads any more."""


class StandardOutput(io.FileIO):
    """Standard output, unbuffered, that says what is wrong with it.

    Parameters
    ----------
    descriptor : int
        Stays open.
    stops : bool
        Whether to raise `ReaderLeftError` once the reader left; otherwise output is dropped.
    """

    def __init__(self, descriptor: int, *, stops: bool = False) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self._stops = stops
        # After the first error nothing more is written: Python flushes again as it ends.
        self._is_lost = False

    def write(self, data: ReadableBuffer, /) -> int:
        """Write bytes.

        Raises
        ------
        ReaderLeftError
            If the reader left and `stops` is set.
        OutputError
            If the bytes cannot be written for any other reason.
        """
        if self._is_lost:
            return memoryview(data).nbytes
        try:
            while (count := super().write(data)) is None:
                # A pipe in non-blocking mode, as some programs hand on, is full for now.
                select.select([], [self], [])
        except BrokenPipeError as error:
            self._is_lost = True
            if self._stops:
                raise ReaderLeftError(*error.args) from error
            return memoryview(data).nbytes
        except OSError as error:
            self._is_lost = True
            reason = error.strerror or type(error).__name__
            raise OutputError(f"standard output cannot be written ({reason})") from error
        return count


class _StandardError(io.FileIO):
    """Standard error: what cannot be written there is lost."""

    def __init__(self) -> None:
        super().__init__(2, "wb", closefd=False)

    def write(self, data: ReadableBuffer, /) -> int:
        """Write bytes, or drop them."""
        try:
            return super().write(data) or 0
        except OSError:
            return memoryview(data).nbytes


def use_utf8() -> None:
    """Start this process again in Python's UTF-8 mode where file names are not UTF-8 by default.

    In the C locale without that mode, Python reads a name such as "données" as bytes that
    DuckDB and HDF5 cannot take. The process keeps its id and its arguments.
    """
    if sys.getfilesystemencoding().lower() in {"utf-8", "utf8"} or not sys.executable:
        return
    os.environ["PYTHONUTF8"] = "1"
    os.execv(sys.executable, sys.orig_argv)  # noqa: S606  # this very program


def prepare_streams() -> None:
    """Open what is closed of descriptors 0, 1 and 2, and give `sys.stdout` the rules above."""
    # A file opened later must not become standard output or error: a library would write its
    # messages into it. The wrong mode lets a write to a closed standard output fail, as it should.
    for descriptor, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    # A file name that is not UTF-8 is printed as the bytes that it is.
    is_utf8 = encoding.lower() in {"utf-8", "utf8"}
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(StandardOutput(1)),
        encoding=encoding,
        errors="surrogateescape" if is_utf8 else "backslashreplace",
        line_buffering=os.isatty(1),
    )
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(_StandardError()),
        encoding=getattr(sys.stderr, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )


def flush_output() -> None:
    """Write what is held back of standard output.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    sys.stdout.flush()
