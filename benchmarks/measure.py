"""Run a whole process and see from outside what it costs."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Cost", "FailedError", "run"]

_SAMPLE_SECONDS = 0.02
_PAGE = os.sysconf("SC_PAGE_SIZE")


class FailedError(Exception):
    """A process that was to be measured did not end well."""


@dataclass(frozen=True)
class Cost:
    """What one run cost.

    Attributes
    ----------
    seconds : float
        From start to end of the process.
    cpu_seconds : float
        User and system time, of its children too.
    peak_bytes : int
        Largest resident memory of the process and all its descendants together.
    output : str
        What it printed.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    output: str


def run(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None
) -> Cost:
    """Run a command to its end.

    Parameters
    ----------
    command : sequence of str or Path
    log : pathlib.Path
        Takes standard error.
    environment : mapping of str to str, optional
        Added to the present one.

    Returns
    -------
    Cost

    Raises
    ------
    FailedError
        If it ends with a code other than 0.
    """
    # What an earlier run left in the page cache is written before the clock starts: a route that
    # syncs its own files must not wait for those of another.
    os.sync()
    with log.open("w+b") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=errors,
            env=os.environ | dict(environment or {}),
        )
        watcher = _Watcher(process.pid)
        watcher.start()
        assert process.stdout is not None
        with process.stdout as stream:
            output = stream.read().decode()
        # wait4 and not wait: its usage counts this child and the descendants it waited for alone.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        watcher.stop()
        if process.returncode != 0:
            errors.seek(0)
            tail = errors.read().decode(errors="replace")[-2000:]
            shown = " ".join(str(part) for part in command)
            raise FailedError(f"{shown} ended with {process.returncode}:\n{tail}")
    alone = usage.ru_maxrss * (1 if os.uname().sysname == "Darwin" else 1024)
    return Cost(seconds, usage.ru_utime + usage.ru_stime, max(alone, watcher.peak), output)


class _Watcher(threading.Thread):
    """Samples the memory of a tree of processes; without /proc it sees nothing."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._root = root
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self.peak = max(self.peak, _tree_bytes(self._root))

    def stop(self) -> None:
        self._ended.set()
        self.join()


def _tree_bytes(pid: int) -> int:
    try:
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                resident += _tree_bytes(int(child))
    except (OSError, IndexError):
        # The process ended between two looks.
        return 0
    return resident
