"""Report the progress and the notices of a run to its caller."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Progress", "Reporter", "Silent", "synchronized"]


@dataclass(frozen=True)
class Progress:
    """How much of a run is done.

    Attributes
    ----------
    task : str
        What is being worked on: a table, a file, a check.
    year : int or None
        The last year that is done; None where the task has no years.
    rows : int
        Rows done so far, of all tables; 0 where rows are not counted.
    share : float or None
        Share of the run that is done, 0 to 1; a share below the previous one starts a new run.
        None where it is not known, and the task says everything there is to say.
    """

    task: str
    year: int | None
    rows: int
    share: float | None

    def text(self) -> str:
        """Return the task and its year."""
        return self.task if self.year is None else f"{self.task} {self.year}"


class Reporter(Protocol):
    """Receives notices and progress.

    luc-load reports from several threads but calls a reporter from one at a time, so that an
    implementation needs no lock. It must return soon: the run waits for it.
    """

    def notice(self, text: str) -> None:
        """Receive a sentence that the user should know."""

    def detail(self, text: str) -> None:
        """Receive a sentence for users who want to know more."""

    def progress(self, state: Progress) -> None:
        """Receive the progress of the run."""

    def finished(self) -> None:
        """Receive the end of the run, successful or not."""


class Silent:
    """A reporter that ignores everything."""

    def notice(self, text: str) -> None:
        """Ignore a notice."""

    def detail(self, text: str) -> None:
        """Ignore a detail."""

    def progress(self, state: Progress) -> None:
        """Ignore progress."""

    def finished(self) -> None:
        """Ignore the end."""


class _Synchronized:
    """A reporter for many threads: it calls another one under a lock.

    The lock is reentrant, so that a reporter may itself call something that reports.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._lock = threading.RLock()

    def notice(self, text: str) -> None:
        """Pass on a notice."""
        with self._lock:
            self._reporter.notice(text)

    def detail(self, text: str) -> None:
        """Pass on a detail."""
        with self._lock:
            self._reporter.detail(text)

    def progress(self, state: Progress) -> None:
        """Pass on progress."""
        with self._lock:
            self._reporter.progress(state)

    def finished(self) -> None:
        """Pass on the end."""
        with self._lock:
            self._reporter.finished()


def synchronized(reporter: Reporter | None) -> Reporter:
    """Return a reporter that may be called from any thread.

    Every public function that takes a reporter passes it through here once, and hands the result
    on. Calling it again is free.

    Parameters
    ----------
    reporter : Reporter or None
        None reports to standard error in an interactive session, such as a notebook, and nowhere
        in a program.
    """
    if isinstance(reporter, _Synchronized):
        return reporter
    return _Synchronized(_default() if reporter is None else reporter)


def _default() -> Reporter:
    # Python sets ps1 in interactive sessions only; IPython and its kernels do the same.
    if not hasattr(sys, "ps1"):
        return Silent()
    from loader.terminal import TerminalReporter  # noqa: PLC0415  # it imports tqdm

    return TerminalReporter(sys.stderr)
