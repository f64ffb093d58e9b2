"""Keep a few of many source files open, for any number of threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from loader.reading.lazy import library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from loader.reading.sourcefile import SourceFile

__all__ = ["MOST_OPEN", "FilePool"]

MOST_OPEN = 16
"""Files kept open: a block of as many years as a lane reads, of files that hold one year each."""


class FilePool:
    """Opens files when they are needed, and closes those that were not used for longest.

    Parameters
    ----------
    openers : sequence of callable
        Each opens one file. It may be called several times, and must open the same file.
    """

    def __init__(self, openers: Sequence[Callable[[], SourceFile]]) -> None:
        self._openers = tuple(openers)
        # The lock guards all below. `_open` has the file used last at its end; a file that is
        # lent, to one thread or more, is never closed.
        self._lock = threading.Lock()
        self._open: OrderedDict[int, SourceFile] = OrderedDict()
        self._lent: dict[int, int] = {}

    @property
    def open_files(self) -> int:
        """Number of files that are open now."""
        return len(self._open)

    @property
    def openers(self) -> tuple[Callable[[], SourceFile], ...]:
        """What opens each file."""
        return self._openers

    def chosen(self, numbers: Sequence[int]) -> FilePool:
        """Return a pool of some of the files, in the order of `numbers`; close this one."""
        self.close()
        return FilePool([self._openers[number] for number in numbers])

    @contextmanager
    def lend(self, number: int) -> Iterator[SourceFile]:
        """Lend a file for the duration of a `with` block; it must not be closed.

        Raises
        ------
        SourceError
            If it cannot be opened any more.
        """
        with self._lock:
            file = self._open.get(number)
            if file is None:
                with library:
                    file = self._open[number] = self._openers[number]()
            self._open.move_to_end(number)
            self._lent[number] = self._lent.get(number, 0) + 1
            self._close_surplus()
        try:
            yield file
        finally:
            with self._lock:
                self._lent[number] -= 1

    def close(self) -> None:
        """Close all files."""
        with self._lock, library:
            while self._open:
                self._open.popitem()[1].close()

    def _close_surplus(self) -> None:
        surplus = len(self._open) - MOST_OPEN
        idle = [number for number in self._open if not self._lent.get(number)]
        for number in idle[: max(0, surplus)]:
            with library:
                self._open.pop(number).close()
