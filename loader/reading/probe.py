"""Try every source file in another process first: one that hangs or crashes a library ends there.

A damaged file can make the netCDF library loop in C, where neither an exception nor Ctrl-C gets
through, or crash the process with all that the build has done.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from loader.errors import SourceError
from loader.reading.headers import check_header, damaged

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CPU_SECONDS", "SECONDS", "Probe"]

SECONDS = 60
"""Longest time for one file; the largest LUH2 file takes two seconds on a cold disk."""

IDLE_SECONDS = 10
"""Longest time in which the process neither computes nor reads, such as one that waits for a lock
or for a disk that does not respond."""

CPU_SECONDS = 10
"""Longest CPU time for a header, or for a chunk: a library that hangs keeps computing."""

_SCRIPT = Path(__file__).with_name("trial.py")
_PATIENCE_SECONDS = 5
_STEP_SECONDS = 0.5
_OUT_OF_TIME = (signal.SIGALRM, signal.SIGKILL, signal.SIGXCPU)


class Probe:
    """A trial of files that runs while other things are prepared; to be used in a `with` block.

    Parameters
    ----------
    paths : sequence of str
        Local netCDF files.
    largest_chunk : int
        Bytes of the largest stored chunk that the build has memory for.

    Raises
    ------
    SourceError
        On creation, if the header of a file shows that it is not a complete netCDF file.
    """

    def __init__(self, paths: Sequence[str], largest_chunk: int) -> None:
        self._paths = list(paths)
        for path in self._paths:
            check_header(path)
        self._process = _start(self._paths, largest_chunk) if self._paths else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self) -> None:
        """Wait for the result.

        Raises
        ------
        SourceError
            If a file hangs or crashes the libraries, cannot be opened, or is stored in chunks
            that do not fit in memory.
        """
        if self._process is None:
            return
        output, is_idle = _output(self._process, SECONDS * len(self._paths) + _PATIENCE_SECONDS)
        code = self._process.returncode
        self._process = None
        outcomes = [json.loads(line) for line in output.splitlines()]
        for path, problem in zip(self._paths, outcomes, strict=False):
            if problem is not None:
                raise _error(path, problem)
        if len(outcomes) < len(self._paths):
            path = self._paths[len(outcomes)]
            if is_idle:
                problem = f"nothing could be read from it for {IDLE_SECONDS} s"
                raise SourceError(path, f"{problem}; its disk does not respond, or it is locked")
            raise _lost(path, code)

    def close(self) -> None:
        """Kill the process if it is still running."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _start(paths: Sequence[str], largest_chunk: int) -> subprocess.Popen[bytes] | None:
    """Start the other process."""
    # -P keeps the modules next to the script from shadowing others of the same name.
    numbers = map(str, (largest_chunk, SECONDS, CPU_SECONDS))
    command = [sys.executable, "-P", str(_SCRIPT), *numbers]
    return subprocess.Popen(  # noqa: S603  # no shell, our own script
        [*command, *(os.path.abspath(path) for path in paths)],  # noqa: PTH100  # bytes, as in headers
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )


def _output(process: subprocess.Popen[bytes], seconds: float) -> tuple[bytes, bool]:
    """Return the output of a process, and whether it was killed because it did nothing."""
    idle, before = 0.0, _progress(process.pid)
    until = time.monotonic() + seconds
    # In short steps: while the user suspends the build, this process does not count either.
    while True:
        try:
            return process.communicate(timeout=_STEP_SECONDS)[0], False
        except subprocess.TimeoutExpired:
            now = _progress(process.pid)
        idle = idle + _STEP_SECONDS if now is not None and now == before else 0
        before = now
        if idle >= IDLE_SECONDS or time.monotonic() > until:
            process.kill()
            return process.communicate()[0], idle >= IDLE_SECONDS


def _progress(number: int) -> tuple[str, ...] | None:
    """Return CPU time and bytes read of a process; None where the system does not tell."""
    try:
        times = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        read = Path(f"/proc/{number}/io").read_text().split()[1]
    except (OSError, IndexError):
        return None
    # After the name: user and system time are fields 14 and 15 of the whole line.
    return times[11], times[12], read


def _error(path: str, problem: dict[str, str]) -> SourceError:
    if "reason" in problem:
        return damaged(path, problem["reason"])
    return SourceError(path, problem["found"], problem["variable"])


def _lost(path: str, code: int) -> SourceError:
    """Return the error for a file that ended the other process."""
    if -code == signal.SIGPROF:
        return damaged(path, f"the netCDF library used more than {CPU_SECONDS} s of CPU time on it")
    if -code in _OUT_OF_TIME:
        return damaged(path, f"the netCDF library was still busy with it after {SECONDS} s")
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return damaged(path, f"it crashes the netCDF library, {how}")
