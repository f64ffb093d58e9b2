"""Show notices on standard error, and progress where a person watches: a terminal or a notebook."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import TYPE_CHECKING, Any

from loader.text import shown

if TYPE_CHECKING:
    from typing import TextIO

    from loader.reporting import Progress

__all__ = ["TerminalReporter"]

_BAR = "{percentage:3.0f}% |{bar:24}| {desc}  [{elapsed}<{remaining}]"
_STATUS = "{desc}"
_COLUMNS, _LINES = 80, 24
"""Size of a terminal that does not know its own."""

_RATE_AFTER_SECONDS = 0.5
"""Below this the rate is mostly noise."""


class TerminalReporter:
    """A reporter for people.

    Parameters
    ----------
    stream : file
        Where it writes. Progress is shown only if this is a terminal, or the output of a notebook.
    verbosity : int
        Below 0 only errors are shown, above 0 details too.

    Notes
    -----
    Not thread-safe by itself: see `loader.reporting.synchronized`.
    """

    def __init__(self, stream: TextIO, verbosity: int = 0) -> None:
        self._stream = stream
        self._verbosity = verbosity
        self._animated = verbosity >= 0 and (stream.isatty() or _in_kernel())
        # The bar on the screen, if any, and whether it has a share or is a line of text.
        self._bar: Any = None
        self._has_share = False

    def notice(self, text: str) -> None:
        """Write a line, unless quiet."""
        if self._verbosity >= 0:
            self._write_line(f"luc-load: {text}")

    def detail(self, text: str) -> None:
        """Write a line if verbose; otherwise show it until something else happens."""
        if self._verbosity > 0:
            self._write_line(f"luc-load: {text}")
        elif self._animated:
            self._show(text, None)

    def progress(self, state: Progress) -> None:
        """Draw the bar, and write a line if verbose."""
        if self._verbosity > 0 and state.share is not None:
            self._write_line(f"luc-load: {state.text()} ({state.share:.0%})")
        if self._animated:
            self._show(state.text() + self._rate(state), state.share)

    def finished(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _show(self, text: str, share: float | None) -> None:
        has_share = share is not None
        begins_again = self._has_share != has_share or (share or 0) < getattr(self._bar, "n", 0)
        if self._bar is None or begins_again:
            self.finished()
            self._has_share = has_share
            self._bar = _bar_class()(
                total=1.0 if has_share else None,
                bar_format=_BAR if has_share else _STATUS,
                desc=shown(text),
                file=self._stream,
                leave=False,
                **_size(self._stream),
            )
        self._bar.set_description_str(shown(text), refresh=False)
        if share is not None:
            self._bar.update(share - self._bar.n)
        else:
            self._bar.update(0)

    def _rate(self, state: Progress) -> str:
        """Return rows per second since the bar appeared."""
        elapsed = self._bar.format_dict["elapsed"] if self._bar is not None else 0.0
        if not state.rows or elapsed < _RATE_AFTER_SECONDS:
            return ""
        return f"  {state.rows / elapsed:,.0f} rows/s"

    def _write_line(self, text: str) -> None:
        line = f"{shown(text)}\n"
        if self._bar is not None:
            # Above the bar, which is drawn again below it.
            self._bar.write(line, file=self._stream, end="")
        else:
            self._stream.write(line)
        self._stream.flush()


def _size(stream: TextIO) -> dict[str, Any]:
    """Return tqdm's options for the size of the terminal."""
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    # Some pseudo-terminals have no size, and tqdm then draws nothing.
    return {"dynamic_ncols": True} if columns else {"ncols": _COLUMNS, "nrows": _LINES}


def _in_kernel() -> bool:
    """Return whether this process is a Jupyter kernel, whose output a notebook shows."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return hasattr(shell, "kernel")


def _bar_class() -> type[Any]:
    """Return tqdm's class for this place.

    `tqdm.auto` does the same, but warns in a kernel without ipywidgets, where text is as good.
    """
    if _in_kernel() and importlib.util.find_spec("ipywidgets") is not None:
        from tqdm.notebook import tqdm as bar  # noqa: PLC0415  # needs ipywidgets
    else:
        from tqdm.std import tqdm as bar  # noqa: PLC0415  # only where progress is shown

    # tqdm would start a thread that watches for stalled bars.
    return type("Bar", (bar,), {"monitor_interval": 0})
