"""What a build did, as a value and as the text that ends it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from loader.text import human_bytes, human_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["BuildReport", "Outcome", "TableReport", "table_lines"]


Outcome = Literal["built", "published", "up to date", "planned"]


@dataclass(frozen=True)
class TableReport:
    """Rows of one table: how many, of which years, in how many cells."""

    name: str
    rows: int
    first_year: int | None
    last_year: int | None
    years: int
    cells: int


@dataclass(frozen=True)
class BuildReport:
    """What a build did.

    Attributes
    ----------
    outcome : {"built", "published", "up to date", "planned"}
        "published" is a build that was finished earlier and only had to be exchanged; the figures
        of "planned" are estimates.
    database : pathlib.Path
    parquet : pathlib.Path or str
        What was published: the data set in a folder, or at an address.
    build_id : str
        The id that both carry.
    tables : tuple of TableReport
        The gridded tables; empty unless built now.
    database_bytes, parquet_bytes : int
    seconds : float
        Wall-clock time.
    synthetic : bool
        Whether any source is a made-up sample.
    reused_parts : int
        Parts that were not written again: an interrupted build had left them, or the replaced one
        holds the same rows.
    notices : tuple of str
        What the user should know about the result.
    free_bytes : int
        Free on the disk, where a build is planned.
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
        if self.outcome == "up to date":
            return f"{self.database} is up to date (build {self.build_id}): nothing to do."
        if self.outcome == "published":
            return f"{self.database} is published (build {self.build_id}), finished earlier."
        if self.outcome == "planned":
            return "\n".join(self._plan_lines())
        head = f"Built {self.database} in {human_seconds(self.seconds)} (build {self.build_id})"
        lines = [f"{head}{', from SYNTHETIC sources' if self.synthetic else ''}.", ""]
        lines += table_lines(self.tables)
        lines += [
            "",
            f"  {self.database}  {human_bytes(self.database_bytes)}",
            f"  {self.parquet}/  {human_bytes(self.parquet_bytes)}",
        ]
        if self.reused_parts:
            lines.append(f"  {self.reused_parts} parts of an earlier run were used again")
        lines += [f"\nNote: {notice}" for notice in self.notices]
        return "\n".join([*lines, "", "Next:", *self._next_lines()])

    def _plan_lines(self) -> list[str]:
        source = ", from SYNTHETIC sources" if self.synthetic else ""
        head = f"Would build {self.database} in about {human_seconds(self.seconds)}{source}."
        return [
            f"{head} Nothing was written; the figures are estimates.",
            "",
            *table_lines(self.tables),
            "",
            f"  {self.database}  about {human_bytes(self.database_bytes)}",
            f"  {self.parquet}/  about {human_bytes(self.parquet_bytes)}",
            f"  free on this disk: {human_bytes(self.free_bytes)}",
            *(f"\nNote: {notice}" for notice in self.notices),
        ]

    def _next_lines(self) -> list[str]:
        path = str(self.database)
        shell = "'" + path.replace("'", "'\\''") + "'" if _needs_quotes(path) else path
        python = f"duckdb.connect({path!r}, read_only=True).sql('FROM point(51.5, -0.13)')"
        return [
            f"  duckdb -readonly {shell} 'FROM luc LIMIT 5'",
            f'  python -c "import duckdb; print({python})"',
            f"  jdbc:duckdb:{path}?duckdb.read_only=true   (BI tools: open it read-only)",
        ]


def table_lines(tables: Sequence[TableReport]) -> list[str]:
    """Return a line a table: rows, cells and years, in columns."""
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


def _needs_quotes(path: str) -> bool:
    return not all(c.isalnum() or c in "/._-" for c in path)
