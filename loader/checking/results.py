"""The results of the checks of a database, as values and as text."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from loader.display import Displayed
from loader.text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["SHOWN_ROWS", "BadRow", "CheckReport", "CheckResult"]

SHOWN_ROWS = 10
"""Worst rows that a check names."""


@dataclass(frozen=True)
class BadRow:
    """A bad row; fields that do not apply to it are None.

    Attributes
    ----------
    variable : str
        The variable, column, pair of land uses or total.
    cell_id : int or None
    lat, lon : float or None
        Degrees north and east.
    year : int or None
    value, expected : float or None
        In the variable's unit.
    note : str or None
        A further note that helps to find the cause.
    """

    variable: str
    cell_id: int | None = None
    lat: float | None = None
    lon: float | None = None
    year: int | None = None
    value: float | None = None
    expected: float | None = None
    note: str | None = None

    def text(self) -> str:
        """Return it as one line."""
        words = [str(self.year)] if self.year is not None else []
        if self.cell_id is not None:
            place = f" ({self.lat:g}, {self.lon:g})" if self.lat is not None else ""
            words.append(f"cell {self.cell_id}{place}")
        words.append(self.variable)
        parts = [f"{self.value:.9g}"] if self.value is not None else []
        if self.expected is not None:
            parts.append(f"expected {self.expected:.9g}")
        line = "  ".join(words) + (f": {', '.join(parts)}" if parts else "")
        return f"{line}  ({self.note})" if self.note else line


@dataclass(frozen=True)
class CheckResult:
    """The result of one check.

    Attributes
    ----------
    name : str
    title : str
        A short description of the check.
    status : {"ok", "failed", "skipped"}
    summary : str
        Numbers, or the reason why it was skipped or could not be run.
    figures : mapping of str to (int, float, str or None)
    bad_rows : int
        How many rows are bad.
    worst : tuple of BadRow
        The worst of them.
    seconds : float
        Wall-clock time.
    """

    name: str
    title: str
    status: Literal["ok", "failed", "skipped"]
    summary: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    bad_rows: int = 0
    worst: tuple[BadRow, ...] = ()
    seconds: float = 0.0

    def text(self) -> str:
        """Return one line, and one more for each of the worst rows."""
        status = self.status.upper() if self.status == "failed" else self.status
        lines = [f"{self.name:<17}  {status:<7}  {self.summary}"]
        lines += [f"    {row.text()}" for row in self.worst]
        if self.bad_rows > len(self.worst):
            lines.append(f"    and {self.bad_rows - len(self.worst):,} more")
        # Names, paths and notes come from the file.
        return "\n".join(map(shown, lines))


@dataclass(frozen=True)
class CheckReport(Displayed):
    """The results of all checks of a database.

    Attributes
    ----------
    database : pathlib.Path
    build_id : str
    synthetic : bool
        Whether any source is a made-up sample.
    results : tuple of CheckResult
    """

    database: Path
    build_id: str
    synthetic: bool
    results: tuple[CheckResult, ...]

    @property
    def holds(self) -> bool:
        """Whether no check failed."""
        return all(result.status != "failed" for result in self.results)

    def text(self) -> str:
        """Return every check, and the summary below them."""
        return "\n".join([*(result.text() for result in self.results), "", self.summary()])

    def summary(self) -> str:
        """Return the line that ends the list."""
        count = {
            status: sum(result.status == status for result in self.results)
            for status in ("ok", "failed", "skipped")
        }
        mark = ", from SYNTHETIC sources" if self.synthetic else ""
        verdict = "all checks hold" if self.holds else f"{count['failed']} FAILED"
        figures = f"{count['ok']} ok, {count['skipped']} skipped"
        # The id comes from the file, so it may hold control characters.
        return shown(f"{self.database} (build {self.build_id}{mark}): {verdict}; {figures}.")

    def record(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        return {
            "database": str(self.database),
            "build_id": self.build_id,
            "synthetic": self.synthetic,
            "holds": self.holds,
            "checks": [asdict(result) for result in self.results],
        }
