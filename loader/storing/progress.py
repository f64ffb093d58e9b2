"""What an unfinished build has done so far, and which process is at it."""

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
    """How much of one table is stored; `share` is of its rows, as estimated when it began."""

    name: str
    years: int
    of_years: int
    rows: int
    share: float


@dataclass(frozen=True)
class Unfinished:
    """A build that is under way or was interrupted.

    Attributes
    ----------
    process : int or None
        The process that is building; None if none is.
    parts : int
        Parts that are stored and will be used again.
    tables : tuple of TableProgress
    complete : bool
        Whether only the exchange for the published build is left.
    """

    process: int | None
    parts: int
    tables: tuple[TableProgress, ...]
    complete: bool

    def text(self) -> str:
        """Return it for people, in a sentence or two."""
        if self.process is not None:
            state = f"A build is under way here (process {self.process})"
        elif self.complete:
            return (
                "A finished build waits here to be published: run its command again, or remove it "
                "with luc-load clean."
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
    """Return what is known of a build that is not published, or None if there is none.

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
    """Return name, years and rows of every table; nothing where the record is damaged."""
    try:
        return [(str(t["name"]), int(t["years"]), int(t["rows"])) for t in record["expected"]]
    except (LookupError, TypeError, ValueError, OverflowError):
        return []
