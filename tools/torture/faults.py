"""What may go wrong at a call that changes files: compiled from shim.c, preloaded into a build."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MODES", "Fault", "NoCompilerError", "Shim"]

MODES = ("kill", "torn", "enospc", "full", "eio")
"""Die before the call; die after it, or in the middle of a write; no space left, once or for ever;
an input/output error, once."""


class NoCompilerError(Exception):
    """There is nothing here to compile C with, or the loader takes no preloaded library."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong at the `at`-th call that changes files, counted from 1."""

    mode: str
    at: int


class Shim:
    """The compiled library.

    Parameters
    ----------
    folder : pathlib.Path
        Where it is put; exists.

    Raises
    ------
    NoCompilerError
        If it cannot be made here.
    """

    def __init__(self, folder: Path) -> None:
        compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise NoCompilerError("needs a C compiler")
        self._library = folder / "shim.so"
        self._log = folder / "shim.log"
        source = Path(__file__).with_name("shim.c")
        made = subprocess.run(
            [compiler, "-shared", "-fPIC", "-O2", "-o", self._library, source, "-ldl"],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise NoCompilerError(f"shim.c does not compile here: {made.stderr.strip()[-300:]}")

    @property
    def preload(self) -> dict[str, str]:
        """The variable that loads the library into a process; it does nothing there yet."""
        return {"LD_PRELOAD": str(self._library)}

    def environment(self, under: Path, fault: Fault | None) -> dict[str, str]:
        """Return the variables that make a command fail so; None only counts its calls."""
        self._log.unlink(missing_ok=True)
        return {
            "LD_PRELOAD": str(self._library),
            "TORTURE_UNDER": str(under.resolve()),
            "TORTURE_MODE": fault.mode if fault else "count",
            "TORTURE_AT": str(fault.at if fault else 0),
            "TORTURE_LOG": str(self._log),
        }

    def clock(self, back: int, after: float) -> dict[str, str]:
        """Return the variables that set the clock back, seconds after the start."""
        return {
            "LD_PRELOAD": str(self._library),
            "TORTURE_CLOCK": str(back),
            "TORTURE_CLOCK_AFTER": str(after),
        }

    def count(self) -> int:
        """Return how many calls the last counted command made."""
        return int(self._log.read_text().split()[0])

    def hit(self) -> tuple[str, Path] | None:
        """Return the call that the last fault hit and the file it was on; None if none was."""
        try:
            _, call, path = self._log.read_text().splitlines()[0].split(" ", 2)
        except (FileNotFoundError, IndexError):
            return None
        return call, Path(path)
