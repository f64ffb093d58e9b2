"""The progress of an unfinished build, and the process that runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loader.storing.locking import holder
from loader.storing.paths import LOCK, PRIVATE
from loader.storing.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["TableProgress", "Unfinished", "unfinished_build"]


@dataclass(frozen=True)
class TableProgress:
    """The stored part of one table; `share` is relative to its estimated number of rows."""

    name: str
    years: int
    of_years: int
    rows: int
    share: float


@dataclass(frozen=True)
class Unfinished:
    """A build that is running or was interrupted.

    Attributes
    ----------
    process : int or None
        Id of the process that runs the build; None if it was interrupted.
    parts : int
        Number of stored parts, which a resumed build reuses.
    tables : tuple of TableProgress
    complete : bool
        Whether the build is finished and only has to be published.
    """

    process: int | None
    parts: int
    tables: tuple[TableProgress, ...]
    complete: bool

    def text(self) -> str:
        """Return a description in one or two sentences."""
        if self.process is not None:
            state = f"A build is running here (process {self.process})"
        elif self.complete:
            return (
                "A finished build has not been published yet: run its command again to publish "
                "it, or luc-load clean to remove it."
            )
        else:
            state = "There is an unfinished build here"
        so_far = "; ".join(
            f"{table.name} {table.years} of {table.of_years} years, {table.rows:,} rows, "
            f"about {table.share:.0%}"
            for table in self.tables
        )
        done = f"{self.parts} parts stored" + (f" ({so_far})" if so_far else "")
        if self.process is not None:
            return f"{state}: {done}."
        return f"{state}: {done}. Run its command again to resume it; luc-load clean removes it."


def unfinished_build(out: Path) -> Unfinished | None:
    """Return the progress of the unpublished build, or None if there is none.

    Parameters
    ----------
    out : pathlib.Path
        The folder of the result.
    """
    work = out / PRIVATE
    process = holder(work / LOCK)
    stage = Stage(work)
    record = stage.record()
    if record is None:
        return None if process is None else Unfinished(process, 0, (), complete=False)
    parts = stage.parts()
    tables = []
    # Parts are counted against what was estimated when the build began.
    for name, of_years, of_rows in _expected(record):
        years: set[int] = set()
        rows = 0
        for part, stored in parts.items():
            if part.startswith(f"{name}/"):
                years |= stored.rows_of_year.keys()
                rows += sum(stored.rows_of_year.values())
        share = min(1.0, rows / max(1, of_rows))
        tables.append(TableProgress(name, len(years), of_years, rows, share))
    return Unfinished(process, len(parts), tuple(tables), complete=stage.is_complete)


def _expected(record: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """Return name, years and rows of every table; empty if the record is damaged."""
    try:
        return [(str(t["name"]), int(t["years"]), int(t["rows"])) for t in record["expected"]]
    except (LookupError, TypeError, ValueError, OverflowError):
        return []
