"""Show a running build on standard error: notices as lines, progress only on a terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from loader.text import human_seconds, shown

if TYPE_CHECKING:
    from typing import TextIO

    from loader.reporting import Progress

__all__ = ["TerminalReporter"]

_SECONDS_BETWEEN = 0.1
_BAR = 24


class TerminalReporter:
    """A reporter for people.

    Parameters
    ----------
    stream : file
        Where it writes; progress only if this is a terminal.
    verbosity : int
        Below 0 only errors are shown, above 0 details too.
    """

    def __init__(self, stream: TextIO, verbosity: int = 0) -> None:
        self._stream = stream
        self._verbosity = verbosity
        self._animated = stream.isatty() and verbosity >= 0
        self._started: float | None = None
        self._drawn_at = 0.0
        self._line_open = False

    def notice(self, text: str) -> None:
        """Write a line, unless quiet."""
        if self._verbosity >= 0:
            self._write_line(f"luc-load: {text}")

    def detail(self, text: str) -> None:
        """Write a line if asked to be verbose; on a terminal show it for the moment."""
        if self._verbosity > 0:
            self._write_line(f"luc-load: {text}")
        elif self._animated:
            self._draw(text)

    def moment(self, text: str) -> None:
        """Show a line for the moment, on a terminal only."""
        if self._animated:
            self._draw(text)

    def progress(self, state: Progress) -> None:
        """Redraw the line of progress."""
        if self._started is None:
            self._started = time.monotonic()
        if self._verbosity > 0:
            self._write_line(f"luc-load: {state.table} {state.year} ({state.share:.0%})")
        if not self._animated:
            return
        elapsed = time.monotonic() - self._started
        filled = round(_BAR * state.share)
        bar = "#" * filled + "." * (_BAR - filled)
        # The clock starts with the first finished block, so that one says nothing of the speed.
        speed = f"{state.rows / elapsed:,.0f} rows/s" if elapsed > 0.5 else ""
        left = human_seconds(elapsed / state.share * (1 - state.share)) if elapsed > 0.5 else ""
        text = f"[{bar}] {state.share:4.0%}  {state.table} {state.year}  {speed}"
        self._draw(f"{text}  {left} left" if left else text, force=state.share >= 1)

    def finished(self) -> None:
        """Clear the line of progress."""
        if self._line_open:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._line_open = False

    def _draw(self, text: str, *, force: bool = False) -> None:
        now = time.monotonic()
        if not force and now - self._drawn_at < _SECONDS_BETWEEN:
            return
        self._drawn_at = now
        self._stream.write(f"\r\x1b[K{shown(text)}")
        self._stream.flush()
        self._line_open = True

    def _write_line(self, text: str) -> None:
        self.finished()
        self._stream.write(f"{shown(text)}\n")
        self._stream.flush()
