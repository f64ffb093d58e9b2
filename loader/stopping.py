"""End in an orderly way when a signal asks for it."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType

__all__ = [
    "Stopped",
    "describe",
    "ignore_signals",
    "received_signal",
    "stop_at_once",
    "stop_orderly",
]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_received: list[tuple[int, float]] = []

_PATIENCE_SECONDS = 5
"""A further signal in this time is the same wish again; a later one ends the process at once."""
_resumes = True


class Stopped(BaseException):  # like KeyboardInterrupt, it is not an error
    """A signal arrived. Not KeyboardInterrupt, which click would turn into another error."""


def stop_at_once() -> None:
    """Leave on a signal without further ado: nothing was begun, and an import must not be cut."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        sys.stderr.write(f"luc-load: error: {describe(number)}\n")
        sys.stderr.flush()
        os._exit(number + 128)

    for number in _SIGNALS:
        signal.signal(number, leave)


def stop_orderly(*, resumes: bool = True) -> None:
    """Raise `Stopped` in the main thread on a signal.

    Parameters
    ----------
    resumes : bool
        Whether running the same command again resumes.
    """
    global _resumes  # noqa: PLW0603  # a process runs one command
    _resumes = resumes

    def leave(number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not _received:
            _received.append((number, now))
            raise Stopped
        if now - _received[0][1] > _PATIENCE_SECONDS:
            os._exit(number + 128)

    for number in _SIGNALS:
        signal.signal(number, leave)


def received_signal() -> int | None:
    """Return the first signal that came; a library may have made another error of `Stopped`."""
    return _received[0][0] if _received else None


def ignore_signals() -> None:
    """Let nothing change the exit code any more: Python gives up its handlers as it ends."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def describe(number: int) -> str:
    """Return what a signal did, in words."""
    word = "terminated" if number == signal.SIGTERM else "interrupted"
    return f"{word}; run the same command again to resume" if _resumes else word
