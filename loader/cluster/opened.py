"""The sources that a worker process has open, safe for workers with several threads.

The netCDF and HDF5 libraries crash when one thread opens or closes a file while another reads. So a
process opens and closes alone, and no two threads ever share a dataset.
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
    from collections.abc import Iterator

    from loader.grid import Grid
    from loader.reading.source import GriddedSource

__all__ = ["Reference", "borrowed"]

_MOST_IDLE = 16
"""Datasets kept open between tasks: a few sources, each for a few threads."""


@dataclass(frozen=True)
class Reference:
    """What a worker needs in order to open the very source that the client has open.

    Attributes
    ----------
    kind : str
        Name of the source.
    path : str
        Absolute, or a URL.
    years : tuple of (int or None, int or None)
        First and last year to load.
    size, mtime_ns : int
        Of the file, as the client sees it.
    storage_options : str
        JSON of fsspec's options; not shown.
    version : str
        Of the client's luc-load.
    window : Grid or None
        The part of the file's grid to load, if not all.
    """

    kind: str
    path: str
    years: tuple[int | None, int | None]
    size: int
    mtime_ns: int
    storage_options: str = field(default="{}", repr=False)
    version: str = __version__
    window: Grid | None = None


class _Turns:
    """Many may read at a time, or one may open and close."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._reading = 0
        self._waiting = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self._changed:
            # Whoever waits to open goes first, or it would wait for ever.
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
_idle: OrderedDict[tuple[Reference, int], GriddedSource] = OrderedDict()
_idle_lock = threading.Lock()


@contextmanager
def borrowed(reference: Reference) -> Iterator[GriddedSource]:
    """Give the calling thread a source of its own for as long as the block runs.

    Parameters
    ----------
    reference : Reference

    Yields
    ------
    GriddedSource
        Must not be closed.

    Raises
    ------
    ServiceError
        If this worker runs another version of luc-load than the client.
    SourceError
        If the source is not the file that the client sees, or cannot be opened here.
    """
    if reference.version != __version__:
        raise ServiceError(
            f"a worker runs luc-load {__version__}, this is {reference.version}; install the same "
            "version on all workers"
        )
    source = _taken(reference)
    if source is None:
        options = json.loads(reference.storage_options)
        with _turns.alone(), using_storage_options(options):
            source = _opened(reference)
    try:
        with _turns.reading():
            yield source
    finally:
        _given_back(reference, source)


def _taken(reference: Reference) -> GriddedSource | None:
    with _idle_lock:
        for key in _idle:
            if key[0] == reference:
                return _idle.pop(key)
    return None


def _given_back(reference: Reference, source: GriddedSource) -> None:
    surplus: list[GriddedSource] = []
    with _idle_lock:
        _idle[reference, id(source)] = source
        while len(_idle) > _MOST_IDLE:
            surplus.append(_idle.popitem(last=False)[1])
    if surplus:
        with _turns.alone():
            for old in surplus:
                old.close()


def _opened(reference: Reference) -> GriddedSource:
    source = open_source(SOURCES[reference.kind], reference.path, reference.years, reference.window)
    try:
        found = fingerprint(reference.path)
    except BaseException:
        source.close()
        raise
    if (found.size, found.mtime_ns) != (reference.size, reference.mtime_ns):
        source.close()
        raise SourceError(
            reference.path,
            "is another file on a worker than here; with --scheduler the sources must lie on "
            "storage that all workers share",
        )
    return source
