"""Lanes: threads that each run complete jobs, one after the other, without passing data on.

Jobs are started in order. Independent work of a job (reading, encoding, inserting) runs in parallel
with other jobs. Work whose result must not depend on the number of lanes is done in the turn of the
job, which comes when all jobs before it have ended. Turns therefore never overlap, and follow the
order of the jobs. NumPy, pyarrow, DuckDB and decompression release the interpreter lock.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["Turn", "read_ahead", "run_interruptibly", "run_lanes"]

Item = TypeVar("Item")

_POLL_SECONDS = 0.1
"""Delay of signals in the main thread on systems where waiting cannot be interrupted."""


class _StoppedError(BaseException):
    """The job must stop: an earlier one failed, or the run was interrupted."""


class Turn:
    """The place of one job in the order.

    Attributes
    ----------
    lane : int
        Number of the thread that runs the job, from 0.
    """

    def __init__(self, order: _Order, number: int, lane: int) -> None:
        self.lane = lane
        self._order = order
        self._number = number

    def wait(self) -> None:
        """Wait for the turn: until all earlier jobs have ended. It lasts until this job ends."""
        self._order.wait(self._number, self._number)

    def wait_for(self, jobs: int) -> None:
        """Wait until the first `jobs` jobs have ended; this job must come after them."""
        self._order.wait(self._number, jobs)


def run_lanes(
    jobs: Sequence[Callable[[Turn], None]], lanes: int, interrupt: Callable[[], None]
) -> None:
    """Run jobs in threads while the calling thread waits for signals.

    Parameters
    ----------
    jobs : sequence of callable
        Each is called with its `Turn`.
    lanes : int
        Number of threads.
    interrupt : callable
        Called once, in the calling thread, if the user interrupts; must make running jobs return.

    Raises
    ------
    BaseException
        The error of the first job, in job order, that failed, for any number of lanes; or
        KeyboardInterrupt. All threads have ended by then.
    """
    order = _Order(len(jobs))
    threads = [
        threading.Thread(target=_run_lane, args=(jobs, order, lane))
        for lane in range(max(1, min(lanes, len(jobs))))
    ]
    try:
        for thread in threads:
            thread.start()
        order.join()
    except BaseException:
        order.stop()
        interrupt()
        raise
    finally:
        # Thread.join alone does not do: before Python 3.13, one that a signal interrupts takes the
        # running thread for ended, and every later join returns at once.
        order.join()
        for thread in threads:
            with suppress(RuntimeError):  # not started, so that it finds no job any more
                thread.join()
    if order.error is not None:
        raise order.error


def run_interruptibly(work: Callable[[], None], interrupt: Callable[[], None]) -> None:
    """Run work that may spend minutes in C code, where Python does not handle signals.

    Parameters
    ----------
    work : callable
        Runs in another thread.
    interrupt : callable
        Must make `work` return soon.

    Raises
    ------
    BaseException
        The error of `work`, or KeyboardInterrupt.
    """
    run_lanes([lambda _: work()], 1, interrupt)


def read_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Yield items while another thread computes the next one."""
    iterator = iter(items)
    with ThreadPoolExecutor(max_workers=1) as reader:
        future = reader.submit(_next, iterator)
        while (following := future.result()) is not None:
            future = reader.submit(_next, iterator)
            yield following.item


@dataclass(frozen=True)
class _Following(Generic[Item]):
    """Wraps an item, which may be None, to distinguish it from the end."""

    item: Item


def _next(iterator: Iterator[Item]) -> _Following[Item] | None:
    for item in iterator:
        return _Following(item)
    return None


def _run_lane(jobs: Sequence[Callable[[Turn], None]], order: _Order, lane: int) -> None:
    while (number := order.take()) is not None:
        try:
            jobs[number](Turn(order, number, lane))
        except BaseException as error:  # noqa: BLE001  # it is raised again in the calling thread
            order.fail(number, error)
        else:
            order.end(number)


class _Order:
    """Which jobs have started and which have ended; its condition guards all attributes.

    Attributes
    ----------
    error : BaseException or None
        Error of the first job, in job order, that failed.
    """

    def __init__(self, jobs: int) -> None:
        self.error: BaseException | None = None
        self._changed = threading.Condition()
        self._dealt = 0
        self._running = 0
        self._ended: set[int] = set()
        self._turn = 0
        # Jobs from this number on must stop: the first that failed, or 0 after an interruption.
        self._limit = jobs

    def take(self) -> int | None:
        """Return the number of the next job, or None if no more may start."""
        with self._changed:
            if self._dealt >= self._limit:
                return None
            self._dealt += 1
            self._running += 1
            return self._dealt - 1

    def wait(self, number: int, jobs: int) -> None:
        """Let the job `number` wait until the first `jobs` have ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._turn >= jobs or number >= self._limit)
            if number >= self._limit:
                raise _StoppedError

    def end(self, number: int) -> None:
        """Record that a job has ended without an error."""
        with self._changed:
            self._running -= 1
            self._ended.add(number)
            while self._turn in self._ended:
                self._turn += 1
            self._changed.notify_all()

    def fail(self, number: int, error: BaseException) -> None:
        """Record that a job has failed; earlier jobs continue, as one of them may fail too."""
        with self._changed:
            self._running -= 1
            if number < self._limit:
                self._limit = number
                self.error = error
            self._changed.notify_all()

    def join(self) -> None:
        """Wait until no job runs and none is left to be begun."""
        with self._changed:
            while self._running or self._dealt < self._limit:
                self._changed.wait(_POLL_SECONDS)

    def stop(self) -> None:
        """Stop all jobs that wait, and start no others."""
        with self._changed:
            self._limit = 0
            self._changed.notify_all()
