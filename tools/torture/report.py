"""The outcomes as a table of the documentation."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import duckdb

from tools.torture.campaign import Outcome

__all__ = ["BEGIN", "END", "insert", "table"]

BEGIN = "<!-- torture: written by make torture -->"
END = "<!-- torture: end -->"

_KINDS = {
    "kill": "killed before the call",
    "torn": "killed after half of a write, or after another call",
    "moment": "killed at a random moment",
    "enospc": "no space left, once",
    "full": "no space left, from then on",
    "eio": "input/output error, once",
}

_HEADER = ("fault", "builds", "old database left", "new one left", "none, as before", "exit code 0")


def table(outcomes: Sequence[Outcome], seed: int, seconds: float) -> str:
    """Return the section's generated part, in Markdown."""
    broken = [outcome for outcome in outcomes if outcome.broken]
    lines = [
        _summary(outcomes, seed, seconds),
        "",
        "| " + " | ".join(_HEADER) + " |",
        "| " + " | ".join("---" for _ in _HEADER) + " |",
    ]
    for kind, words in _KINDS.items():
        some = [outcome for outcome in outcomes if outcome.kind == kind]
        if not some:
            continue
        left = Counter(outcome.left for outcome in some)
        well = sum(outcome.code == 0 for outcome in some)
        cells = (words, len(some), left["old"], left["new"], left["none"], well)
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    lines += ["", "Where the faults hit:", "", "| call | faults |", "| --- | --- |"]
    places = Counter(outcome.where for outcome in outcomes)
    lines += [f"| {place} | {number} |" for place, number in sorted(places.items())]
    lines += [f"\nBroken: {outcome.where}: {outcome.broken}" for outcome in broken]
    return "\n".join(lines)


def _summary(outcomes: Sequence[Outcome], seed: int, seconds: float) -> str:
    kills = sum(outcome.kind in {"kill", "torn", "moment"} for outcome in outcomes)
    broken = sum(bool(outcome.broken) for outcome in outcomes)
    versions = f"DuckDB {duckdb.__version__}, Python {platform.python_version()}"
    return (
        f"{len(outcomes)} faults, {kills} of them kills, seed {seed}, {seconds / 60:.0f} minutes; "
        f"{versions}, {platform.system()}. Promises broken: {broken}."
    )


def insert(page: Path, text: str) -> None:
    """Put the table between its marks on a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f"{page}: has no marks {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
