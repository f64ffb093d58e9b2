"""The sources that a worker process has open, safe for workers with several threads.

The netCDF and HDF5 libraries crash when one thread opens or closes a file while another reads.
Therefore no thread reads while another opens or closes, and no two threads share a dataset.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loader._version import __version__
from loader.errors import ServiceError, SourceError
from loader.reading.fingerprint import fingerprint
from loader.reading.recognition import open_source
from loader.remote.stores import using_storage_options
from loader.schema import SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loader.grid import Grid
    from loader.reading.sourcefile import SourceFile

__all__ = ["Reference", "borrowed"]

_MOST_IDLE = 16
"""Datasets kept open between tasks: a few sources, each for a few threads."""


@dataclass(frozen=True)
class Reference:
    """The description by which a worker opens the same file as the client.

    Attributes
    ----------
    kind : str
        Name of the source.
    path : str
        Absolute, or a URL.
    years : tuple of (int or None, int or None)
        First and last year to load.
    size, mtime_ns : int
        Status of the file, as the client sees it.
    storage_options : str
        JSON of fsspec's options; not in the repr, as it may hold secrets.
    version : str
        Version of luc-load on the client.
    window : Grid or None
        The part of the file's grid to load; None for all of it.
    product : str
        The column of a further ELUC product; "" otherwise.
    """

    kind: str
    path: str
    years: tuple[int | None, int | None]
    size: int
    mtime_ns: int
    storage_options: str = field(default="{}", repr=False)
    version: str = __version__
    window: Grid | None = None
    product: str = ""


class _Turns:
    """A lock for many readers, or one thread that opens or closes files."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._reading = 0
        self._waiting = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self._changed:
            # Threads that wait to open go first; otherwise they could wait forever.
            self._changed.wait_for(lambda: not self._waiting)
            self._reading += 1
        try:
            yield
        finally:
            with self._changed:
                self._reading -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(lambda: not self._reading)
            try:
                yield
            finally:
                self._waiting -= 1
                self._changed.notify_all()


_turns = _Turns()
_idle: OrderedDict[tuple[Reference, int], SourceFile] = OrderedDict()
_idle_lock = threading.Lock()


@contextmanager
def borrowed(references: Sequence[Reference]) -> Iterator[list[SourceFile]]:
    """Lend the calling thread files of its own for the duration of a `with` block.

    Parameters
    ----------
    references : sequence of Reference

    Yields
    ------
    list of SourceFile
        In the same order. Must not be closed.

    Raises
    ------
    ServiceError
        If this worker runs another version of luc-load than the client.
    SourceError
        If a file is not the one that the client sees, or cannot be opened here.
    """
    for reference in references:
        if reference.version != __version__:
            raise ServiceError(
                f"a worker runs luc-load {__version__}, but the client runs {reference.version}; "
                "install the same version on all workers"
            )
    # Opening needs the libraries alone, reading may overlap: `_turns` allows either.
    lent: list[tuple[Reference, SourceFile]] = []
    try:
        for reference in references:
            file = _taken(reference)
            if file is None:
                options = json.loads(reference.storage_options)
                with _turns.alone(), using_storage_options(options):
                    file = _opened(reference)
            lent.append((reference, file))
        with _turns.reading():
            yield [file for _, file in lent]
    finally:
        for reference, file in lent:
            _given_back(reference, file)


def _taken(reference: Reference) -> SourceFile | None:
    with _idle_lock:
        for key in _idle:
            if key[0] == reference:
                return _idle.pop(key)
    return None


def _given_back(reference: Reference, source: SourceFile) -> None:
    surplus: list[SourceFile] = []
    with _idle_lock:
        _idle[reference, id(source)] = source
        while len(_idle) > _MOST_IDLE:
            surplus.append(_idle.popitem(last=False)[1])
    if surplus:
        with _turns.alone():
            for old in surplus:
                old.close()


def _opened(reference: Reference) -> SourceFile:
    source = open_source(
        SOURCES[reference.kind],
        reference.path,
        reference.years,
        reference.window,
        product=reference.product,
    )
    try:
        status = fingerprint(reference.path)
    except BaseException:
        source.close()
        raise
    # Hosts that share storage agree on size and modification time, not on inodes.
    if (status.size, status.mtime_ns) != (reference.size, reference.mtime_ns):
        source.close()
        raise SourceError(
            reference.path,
            "is a different file on a worker than on the client; with --scheduler the sources must "
            "be on storage that all workers share",
        )
    return source
