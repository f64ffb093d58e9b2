"""Run luc-load as its users do: in a process of its own, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.zygote import zygote

ROOT = Path(__file__).parent.parent
COMMAND = (sys.executable, "-m", "loader")
_SECONDS = 300


def environment(**extra: str) -> dict[str, str]:
    """Return the environment of a test: no options of the user's, and the package importable."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LUC_LOAD_")}
    paths = [str(ROOT), *filter(None, [kept.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "100"} | extra


def luc_load(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, in a fork of a process that has imported the libraries."""
    return zygote().run(arguments, cwd, environment(**(env or {})), _SECONDS)
