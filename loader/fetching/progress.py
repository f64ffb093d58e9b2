"""Describe the progress of transfers in one line: share, rate and time left."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from loader.text import human_bytes, human_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Transfers"]

_WINDOW_SECONDS = 20.0
"""The rate covers this many last seconds: that of the complete run would hide a stall."""


class Transfers:
    """The state of several transfers.

    Parameters
    ----------
    clock : callable
        Seconds, never backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._done: dict[str, int] = {}
        self._total: dict[str, int | None] = {}
        self._received: deque[tuple[float, int]] = deque()

    def advanced(self, name: str, done: int, total: int | None) -> None:
        """Record that `done` of `total` bytes of a file have arrived."""
        with self._lock:
            now = self._clock()
            new = done - self._done[name] if name in self._done else 0
            self._done[name], self._total[name] = done, total
            # Fewer bytes than before mean that the file was started again.
            self._received.append((now, max(0, new)))
            while self._received[0][0] < now - _WINDOW_SECONDS:
                self._received.popleft()

    def line(self) -> str:
        """Return the state in one line; empty before the first byte."""
        with self._lock:
            if not self._done:
                return ""
            parts = [self._one(name) for name in self._done if not self._is_whole(name)]
            began = self._received[0][0] if self._received else self._clock()
            elapsed = self._clock() - began
            count = sum(size for _, size in self._received)
            rate = count / elapsed if elapsed > 0.5 else 0.0
            if rate:
                parts.append(f"{human_bytes(rate)}/s")
            totals = list(self._total.values())
            left = sum(t or 0 for t in totals) - sum(self._done.values())
            if rate and None not in totals and left > 0:
                parts.append(f"{human_seconds(left / rate)} left")
            return "  ".join(parts)

    def _is_whole(self, name: str) -> bool:
        return self._done[name] == self._total[name]

    def _one(self, name: str) -> str:
        done, total = self._done[name], self._total[name]
        if not total:
            return f"{name} {human_bytes(done)}"
        return f"{name} {done / total:4.0%} of {human_bytes(total)}"
