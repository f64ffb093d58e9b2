"""The table of targets: one row a target, and the machine that was measured on."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["Row", "as_markdown", "as_records", "machine"]


@dataclass(frozen=True)
class Row:
    """One target and what was measured.

    Attributes
    ----------
    what : str
    value : float or None
        None where there is nothing to measure.
    target : float
        At most this much.
    unit : {"ratio", "GiB", "ms", "s"}
    note : str
    """

    what: str
    value: float | None
    target: float
    unit: str
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None where nothing was measured."""
        return None if self.value is None else self.value <= self.target

    def cells(self) -> list[str]:
        """Return the row as a reader sees it."""
        value = "not measured" if self.value is None else _shown(self.value, self.unit)
        verdict = {True: "met", False: "missed", None: ""}[self.is_met]
        unit = "" if self.unit == "ratio" else f" {self.unit}"
        return [self.what, value, f"<= {self.target:g}{unit}", verdict, self.note]


def as_markdown(rows: Iterable[Row]) -> str:
    """Return the table as Markdown with columns in line."""
    head = ["what", "measured", "target", "", "remark"]
    lines = [head, *(row.cells() for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    text = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
    text.insert(1, "| " + " | ".join("-" * max(3, width) for width in widths) + " |")
    return "\n".join(text)


def as_records(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return the table for JSON."""
    return [asdict(row) | {"met": row.is_met} for row in rows]


def machine() -> dict[str, Any]:
    """Return what the numbers depend on: processor, memory, versions; no name of the machine."""
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in ("duckdb", "numpy", "pyarrow", "xarray")},
    }


def _shown(value: float, unit: str) -> str:
    if unit == "ms":
        return f"{value:.1f} ms" if value < 9.95 else f"{value:.0f} ms"
    return f"{value:.2f}" + ("" if unit == "ratio" else f" {unit}")


def _cpu_model() -> str:
    try:
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found.group(1) if found else platform.processor()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
