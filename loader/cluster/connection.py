"""A connection to a dask.distributed cluster that detects the loss of the cluster."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from loader.errors import ExtraMissingError, LucLoadError, ServiceError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distributed import Client, Future

__all__ = ["Connection", "connected"]

_CONNECT_SECONDS = 20
_LOOK_EVERY_SECONDS = 5
_ANSWER_SECONDS = 20
"""A build ends within 45 s of losing the scheduler: it checks every 5 s and waits 20 s."""

_NO_WORKER_SECONDS = 120
"""A cluster that scales on demand needs time to start its first worker."""

_TASKS_A_THREAD = 2
"""One runs and one is queued, so that no thread idles and few blocks are made twice."""

_POLL_SECONDS = 0.02


@contextmanager
def connected(address: str, notice: Callable[[str], None]) -> Iterator[Connection]:
    """Connect to a scheduler; tasks that are unfinished at the end are cancelled.

    Parameters
    ----------
    address : str
        Address of the scheduler, such as "tcp://host:8786".
    notice : callable
        Receives a message when the build waits for workers.

    Yields
    ------
    Connection

    Raises
    ------
    ExtraMissingError
        If distributed is not installed.
    ServiceError
        If no scheduler responds.
    """
    try:
        from distributed import Client  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise ExtraMissingError(
            '--scheduler needs dask.distributed: pip install "luc-load[cluster]"'
        ) from error
    log = logging.getLogger("distributed")
    before = log.level
    # distributed logs a lost scheduler with tracebacks; the build raises a readable error.
    log.setLevel(logging.CRITICAL)
    try:
        try:
            client = Client(
                address, timeout=_CONNECT_SECONDS, set_as_default=False, name="luc-load"
            )
        except (OSError, ValueError, ImportError) as error:
            raise ServiceError(
                f"{address}: no dask scheduler responds there ({one_line(error)}); start one with "
                "`dask scheduler`, or build without --scheduler"
            ) from error
        connection = Connection(client, address, notice)
        try:
            yield connection
        finally:
            connection.give_up()
            client.close(timeout=5)
    finally:
        log.setLevel(before)


class Connection:
    """Runs functions on the workers and waits for their results, with time limits.

    Parameters
    ----------
    client : distributed.Client
    address : str
    notice : callable
    """

    def __init__(self, client: Client, address: str, notice: Callable[[str], None]) -> None:
        self._client = client
        self._address = address
        self._notice = notice
        self._stop = threading.Event()
        self._looked = 0.0
        self._threads = 0
        self._had_workers = time.monotonic()
        self._is_waiting = False

    @property
    def window(self) -> int:
        """Maximum number of submitted tasks."""
        self._look()
        return max(2, _TASKS_A_THREAD * self._threads)

    def submit(
        self, function: Callable[..., object], *arguments: object, priority: int
    ) -> Future[Any]:
        """Submit a function to the workers.

        Parameters
        ----------
        function : callable
            Must be importable on the workers and return a small result.
        *arguments : object
        priority : int
            Higher ones run first.
        """
        try:
            # Not pure: a repeated task must run again, not return the result of an earlier attempt.
            return self._client.submit(function, *arguments, pure=False, priority=priority)
        except Exception as error:
            raise self._lost() from error

    def result(self, future: Future[Any]) -> Any:  # noqa: ANN401  # distributed has no types
        """Wait for a function that was submitted.

        Raises
        ------
        LucLoadError
            Any error that the function raised.
        ServiceError
            If the cluster is lost, has no workers, or cannot run the function.
        """
        while not future.done():
            if self._stop.wait(_POLL_SECONDS):
                raise ServiceError("the build was stopped")
            self._look()
        try:
            return future.result(timeout=_ANSWER_SECONDS)
        except LucLoadError:
            raise
        except Exception as error:
            # An error of the function is in its future; any other error is one of the connection.
            is_its_own = future.status == "error"
            raise (self._failed(error) if is_its_own else self._lost()) from error

    def stop(self) -> None:
        """Make `result` raise soon, from another thread."""
        self._stop.set()

    def give_up(self) -> None:
        """Cancel all submitted tasks."""
        self._stop.set()
        futures = list(self._client.futures)
        if futures and self._client.status == "running":
            with suppress(ServiceError):  # a lost cluster has nothing to cancel
                self._ask(self._client._cancel, futures)  # noqa: SLF001  # `cancel` has no time limit

    def _look(self) -> None:
        """Query the scheduler for its workers, at most once every few seconds."""
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY_SECONDS:
            return
        self._looked = now
        workers = self._ask(self._client.scheduler.ncores)
        self._threads = sum(workers.values())
        if workers:
            self._had_workers, self._is_waiting = now, False
            return
        if not self._is_waiting:
            self._is_waiting = True
            self._notice(f"{self._address}: waiting for workers; the cluster has none")
        if now - self._had_workers > _NO_WORKER_SECONDS:
            raise ServiceError(
                f"{self._address}: the cluster has had no workers for {_NO_WORKER_SECONDS} s; "
                "start some, then run the same command again to resume"
            )

    def _ask(self, question: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401  # distributed's own
        try:
            return self._client.sync(question, *arguments, callback_timeout=_ANSWER_SECONDS)
        except Exception as error:
            raise self._lost() from error

    def _lost(self) -> ServiceError:
        return ServiceError(
            f"{self._address}: the scheduler is lost; start it again, then run the same "
            "command again to resume"
        )

    def _failed(self, error: Exception) -> ServiceError:
        from distributed import KilledWorker  # noqa: PLC0415  # an extra

        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        if isinstance(error, KilledWorker):
            return ServiceError(
                f"{self._address}: several workers died on the same block; give the workers more "
                "memory, or lower --memory-limit to make blocks smaller"
            )
        if isinstance(error, ImportError):
            return ServiceError(
                f"{self._address}: a worker cannot import a package ({reason}); install the same "
                "version of luc-load, with the same extras, on all workers"
            )
        return ServiceError(f"{self._address}: a worker failed ({reason}); see its log")
