"""Open a database in another process first: one that crashes DuckDB or keeps it busy ends there.

Damaged or crafted bytes can crash DuckDB as it attaches the file, reads its catalogue or replays
its log, and no interruption reaches it there.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from loader.catalog.sqlfiles import statement
from loader.errors import SourceError
from loader.storing.database import safe_config

__all__ = ["SECONDS", "refuse_blocking_log", "try_database"]

SECONDS = 30
"""Longest time for a first look; 50 ms are usual, and a second on a busy machine."""

_MEMORY = 2**28
"""Bytes for DuckDB."""

_SCRIPT = Path(__file__).with_name("look_script.py")
_PATIENCE_SECONDS = 5


def try_database(path: Path) -> None:
    """Open a database and read its catalogue in another process.

    Only a crash, or a process that does not end, is an error here. Any other fault is reported
    when the file is opened afterwards.

    Parameters
    ----------
    path : pathlib.Path
        A regular file.

    Raises
    ------
    SourceError
        If the file crashes DuckDB, or keeps it busy for too long.
    """
    refuse_blocking_log(path)
    texts = [
        # Absolute: DuckDB expands a leading ~, and takes md: for a service.
        statement("open_origin", {"path": str(path.absolute())}),
        statement("find_origin"),
        statement("read_catalog", {"database": "luc"}),
    ]
    code = _exit_code(texts)
    if code == -signal.SIGALRM:
        raise SourceError(str(path), f"keeps DuckDB busy for more than {SECONDS} s; do not open it")
    if code < 0:
        name = signal.Signals(-code).name
        raise SourceError(str(path), f"crashes DuckDB ({name}); it is damaged; do not open it")


def _exit_code(texts: list[str]) -> int:
    """Run statements in another process, and return its exit code; negative is a signal."""
    order = {"config": safe_config(1, _MEMORY), "statements": texts, "seconds": SECONDS}
    try:
        # -P keeps the modules next to the script from shadowing others of the same name.
        return subprocess.run(  # noqa: S603  # no shell, our own script
            [sys.executable, "-P", str(_SCRIPT)],
            input=json.dumps(order).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS + _PATIENCE_SECONDS,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return -signal.SIGALRM


def refuse_blocking_log(path: Path) -> None:
    """Raise if the log next to a database is a pipe: DuckDB would wait for it forever.

    Raises
    ------
    SourceError
    """
    log = path.with_name(path.name + ".wal")
    if log.exists() and not log.is_file():
        raise SourceError(str(log), "is not a regular file; remove it")
