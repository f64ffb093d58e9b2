"""The outcome of a build, as a value and as a printed summary."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from loader.display import Displayed
from loader.querying.connect import connection_lines
from loader.text import human_bytes, human_seconds, shown_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["BuildReport", "Outcome", "TableReport", "table_lines"]


Outcome = Literal["built", "published", "up to date", "planned"]


@dataclass(frozen=True)
class TableReport:
    """Numbers of rows, years and cells of one table."""

    name: str
    rows: int
    first_year: int | None
    last_year: int | None
    years: int
    cells: int


@dataclass(frozen=True)
class BuildReport(Displayed):
    """The outcome of a build; prints as a summary.

    Attributes
    ----------
    outcome : {"built", "published", "up to date", "planned"}
        "published": an earlier run had finished the build; this one only published it.
        "planned": nothing was built, and the numbers are estimates.
    database : pathlib.Path
    parquet : pathlib.Path or str
        The published Parquet dataset: a folder, or an address.
    build_id : str
        The id, which database and dataset both have.
    tables : tuple of TableReport
        The gridded tables; empty unless this run built them.
    database_bytes, parquet_bytes : int
    seconds : float
        Wall-clock time.
    synthetic : bool
        Whether any source is a synthetic sample, for every outcome.
    reused_parts : int
        Number of Parquet parts that were reused from an interrupted build.
    notices : tuple of str
        Notices about the result.
    free_bytes : int
        Free space on the disk of the output; only for "planned".
    """

    outcome: Outcome
    database: Path
    parquet: Path | str
    build_id: str
    tables: tuple[TableReport, ...] = ()
    database_bytes: int = 0
    parquet_bytes: int = 0
    seconds: float = 0.0
    synthetic: bool = False
    reused_parts: int = 0
    notices: tuple[str, ...] = field(default=())
    free_bytes: int = 0

    def text(self) -> str:
        """Return the summary that ends a build on the command line."""
        # An address may have a password, and a notice may quote file content: escape both.
        return shown_lines(self._text())

    def _text(self) -> str:
        mark = ", from SYNTHETIC sources" if self.synthetic else ""
        if self.outcome == "up to date":
            return f"{self.database} is up to date (build {self.build_id}{mark})."
        if self.outcome == "published":
            return (
                f"Published {self.database} (build {self.build_id}{mark}), which an earlier run "
                "had finished."
            )
        if self.outcome == "planned":
            return "\n".join(self._plan_lines())
        head = f"Built {self.database} in {human_seconds(self.seconds)} (build {self.build_id})"
        lines = [f"{head}{mark}.", ""]
        lines += table_lines(self.tables)
        lines += [
            "",
            f"  {self.database}  {human_bytes(self.database_bytes)}",
            f"  {self.parquet}/  {human_bytes(self.parquet_bytes)}",
        ]
        if self.reused_parts:
            lines.append(f"  {self.reused_parts} parts of an earlier run were reused")
        lines += [f"\nNote: {notice}" for notice in self.notices]
        lines += ["", "Open it read-only:"]
        lines += [f"  {line}" for line in connection_lines(self.database, first=True)]
        return "\n".join([*lines, "Settings for other programs: luc-load info --connect"])

    def _plan_lines(self) -> list[str]:
        mark = ", from SYNTHETIC sources" if self.synthetic else ""
        head = f"Would build {self.database} in about {human_seconds(self.seconds)}{mark}."
        return [
            f"{head} Nothing was written; the numbers are estimates.",
            "",
            *table_lines(self.tables),
            "",
            f"  {self.database}  about {human_bytes(self.database_bytes)}",
            f"  {self.parquet}/  about {human_bytes(self.parquet_bytes)}",
            f"  free space on this disk: {human_bytes(self.free_bytes)}",
            *(f"\nNote: {notice}" for notice in self.notices),
        ]


def table_lines(tables: Sequence[TableReport]) -> list[str]:
    """Return one line per table: rows, cells and years, in columns."""
    width = max([len(table.name) for table in tables], default=0)
    lines = []
    for table in tables:
        if not table.rows:
            lines.append(f"  {table.name:<{width}}  empty")
            continue
        years = f"{table.first_year}-{table.last_year}"
        gap = "" if _is_run(table) else f", {table.years} of them"
        counts = f"{table.rows:>13,} rows  {table.cells:>9,} cells"
        lines.append(f"  {table.name:<{width}}  {counts}  {years}{gap}")
    return lines


def _is_run(table: TableReport) -> bool:
    assert table.first_year is not None
    assert table.last_year is not None
    return table.last_year - table.first_year + 1 == table.years
