"""Overlap reading with writing: one thread reads, one thread for each place that rows go to.

Reading, encoding Parquet and loading DuckDB spend their time outside the interpreter lock, so two
cores are busy with three threads. Each queue holds one item: memory does not grow with the data.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["aside", "in_turn", "overlap"]

Item = TypeVar("Item")

_POLL_SECONDS = 0.1
"""How soon a waiting thread sees that it should stop."""


@dataclass(frozen=True)
class _End:
    """What follows the last item; an item itself may be anything, None too."""


@dataclass(frozen=True)
class _Done:
    """What a thread says when it ends; `error` is None if it ended well."""

    error: BaseException | None


@dataclass(frozen=True)
class _Finished(Generic[Item]):
    """One item has gone through all sinks."""

    item: Item


def aside(work: Callable[[], None], interrupt: Callable[[], None]) -> None:
    """Do something in another thread, so that this one can be interrupted meanwhile.

    Parameters
    ----------
    work : callable
        May spend minutes in C, where Python sees no signal.
    interrupt : callable
        Must make `work` return soon.

    Raises
    ------
    BaseException
        What `work` raised, or KeyboardInterrupt.
    """
    overlap([None], [lambda _: work()], lambda _: None, interrupt)


def in_turn(
    items: Iterable[Item],
    sinks: Sequence[Callable[[Item], None]],
    finished: Callable[[Item], None],
) -> None:
    """Do the same as `overlap` in the calling thread alone, one thing at a time."""
    for item in items:
        for sink in sinks:
            sink(item)
        finished(item)


def overlap(
    items: Iterable[Item],
    sinks: Sequence[Callable[[Item], None]],
    finished: Callable[[Item], None],
    interrupt: Callable[[], None],
) -> None:
    """Iterate in one thread and hand every item to every sink, each in a thread of its own.

    Parameters
    ----------
    items : iterable
        Consumed by one thread only.
    sinks : sequence of callable
        Each sees every item, in order.
    finished : callable
        Called in the calling thread when all sinks are done with an item, in order.
    interrupt : callable
        Called once if anything fails or the user interrupts; must make a running sink return.

    Raises
    ------
    BaseException
        The first error of any thread, or KeyboardInterrupt; all threads have ended by then.
    """
    stop = threading.Event()
    messages: queue.SimpleQueue[_Done | _Finished[Item]] = queue.SimpleQueue()
    queues: list[queue.Queue[Item | _End]] = [queue.Queue(maxsize=1) for _ in sinks]
    tally = _Tally(len(sinks), messages)
    work: list[Callable[[], None]] = [lambda: _produce(items, queues, stop)]
    work += [
        lambda sink=sink, source=source: _consume(sink, source, tally, stop)  # type: ignore[misc]
        for sink, source in zip(sinks, queues, strict=True)
    ]
    threads = [threading.Thread(target=_guarded, args=(run, messages, stop)) for run in work]
    started: list[threading.Thread] = []
    try:
        for thread in threads:
            thread.start()
            started.append(thread)
        _wait(len(threads), messages, finished)
    except BaseException:
        stop.set()
        interrupt()
        raise
    finally:
        for thread in started:
            thread.join()


class _Tally(Generic[Item]):
    """Counts how many sinks are done with each item."""

    def __init__(self, sinks: int, messages: queue.SimpleQueue[_Done | _Finished[Item]]) -> None:
        self._sinks = sinks
        self._messages = messages
        self._lock = threading.Lock()
        self._counts: dict[int, int] = {}

    def one_more(self, position: int, item: Item) -> None:
        with self._lock:
            count = self._counts.get(position, 0) + 1
            self._counts[position] = count
        if count == self._sinks:
            self._messages.put(_Finished(item))


def _produce(
    items: Iterable[Item], queues: list[queue.Queue[Item | _End]], stop: threading.Event
) -> None:
    for item in items:
        for target in queues:
            _put(target, item, stop)
        if stop.is_set():
            return
    for target in queues:
        _put(target, _End(), stop)


def _consume(
    sink: Callable[[Item], None],
    source: queue.Queue[Item | _End],
    tally: _Tally[Item],
    stop: threading.Event,
) -> None:
    position = 0
    while not stop.is_set():
        try:
            item = source.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            continue
        if isinstance(item, _End):
            return
        sink(item)
        tally.one_more(position, item)
        position += 1


def _put(target: queue.Queue[Item | _End], item: Item | _End, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            target.put(item, timeout=_POLL_SECONDS)
        except queue.Full:
            continue
        return


def _guarded(
    run: Callable[[], None],
    messages: queue.SimpleQueue[_Done | _Finished[Item]],
    stop: threading.Event,
) -> None:
    try:
        run()
    except BaseException as error:  # noqa: BLE001  # it is raised again in the calling thread
        stop.set()
        messages.put(_Done(error))
    else:
        messages.put(_Done(None))


def _wait(
    running: int,
    messages: queue.SimpleQueue[_Done | _Finished[Item]],
    finished: Callable[[Item], None],
) -> None:
    while running:
        try:
            message = messages.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            continue
        if isinstance(message, _Finished):
            finished(message.item)
            continue
        running -= 1
        if message.error is not None:
            raise message.error
