"""What a comparison of two databases found, as values, text and JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from loader.display import Displayed
from loader.text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ColumnDiff", "Compared", "DiffReport", "SourceDiff", "TableDiff", "YearDiff"]


@dataclass(frozen=True)
class Compared:
    """One of the two databases.

    Attributes
    ----------
    path, build_id, version : str
        Version of luc-load that built it.
    """

    path: str
    build_id: str
    version: str


@dataclass(frozen=True)
class SourceDiff:
    """A source file of either database.

    Attributes
    ----------
    name : str
        As in the table source.
    status : {"same", "only in A", "only in B"}
        Files are the same if their digests are.
    path, title : str
    years : tuple of (int or None, int or None)
        First and last year that is loaded from it.
    """

    name: str
    status: str
    path: str
    title: str
    years: tuple[int | None, int | None]


@dataclass(frozen=True)
class ColumnDiff:
    """The values of one column in rows that both databases have.

    Attributes
    ----------
    name : str
    different : int
        Values that differ, those missing in one database included.
    missing_in_one : int
    largest : float or None
        Largest absolute difference; None if no two values differ.
    year, cell_id : int or None
        Where that is; the number of the cell in A.
    latitude, longitude : float or None
    value_a, value_b : float or None
    """

    name: str
    different: int
    missing_in_one: int
    largest: float | None = None
    year: int | None = None
    cell_id: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    value_a: float | None = None
    value_b: float | None = None


@dataclass(frozen=True)
class YearDiff:
    """How many values of one year differ."""

    year: int
    different: int


@dataclass(frozen=True)
class TableDiff:
    """A gridded table of two databases.

    Attributes
    ----------
    name : str
    rows_a, rows_b : int
        0 where the table is not loaded.
    years_only_a, years_only_b : tuple of int
    columns_only_a, columns_only_b : tuple of str
    years : int
        Years that both have.
    equal_years : int
        Of these, the years in which all rows are equal.
    rows_only_a, rows_only_b, rows_both : int
        In the years that both have and that differ.
    columns : tuple of ColumnDiff
        The columns that both have and that differ, the most values first.
    worst_years : tuple of YearDiff
        The years with the most different values.
    """

    name: str
    rows_a: int
    rows_b: int
    years_only_a: tuple[int, ...]
    years_only_b: tuple[int, ...]
    columns_only_a: tuple[str, ...]
    columns_only_b: tuple[str, ...]
    years: int
    equal_years: int
    rows_only_a: int = 0
    rows_only_b: int = 0
    rows_both: int = 0
    columns: tuple[ColumnDiff, ...] = ()
    worst_years: tuple[YearDiff, ...] = ()

    @property
    def same(self) -> bool:
        """Whether the table holds the same in both databases."""
        alone = (self.years_only_a, self.years_only_b, self.columns_only_a, self.columns_only_b)
        return not any(alone) and self.equal_years == self.years

    def lines(self) -> list[str]:
        """Return the description of the table."""
        lines = [f"{self.name}: {self.rows_a:,} rows in A, {self.rows_b:,} in B"]
        if self.same:
            return [f"{lines[0]}, equal"]
        for which, years, columns in (
            ("A", self.years_only_a, self.columns_only_a),
            ("B", self.years_only_b, self.columns_only_b),
        ):
            if years:
                lines.append(f"  years only in {which}: {_runs(years)}")
            if columns:
                lines.append(f"  columns only in {which}: {', '.join(columns)}")
        lines.append(f"  {self.years} years in both, {self.equal_years} of them equal")
        if self.rows_only_a or self.rows_only_b:
            lines.append(f"  rows only in A: {self.rows_only_a:,}, only in B: {self.rows_only_b:,}")
        if self.columns:
            width = max(len(one.name) for one in self.columns)
            lines.append(f"  values that differ, of {self.rows_both:,} rows in the other years:")
            lines += [f"    {one.name:<{width}}  {_column_text(one)}" for one in self.columns]
        if self.worst_years:
            named = ", ".join(f"{one.year} ({one.different:,})" for one in self.worst_years)
            lines.append(f"  most in {named}")
        return lines


@dataclass(frozen=True)
class DiffReport(Displayed):
    """The comparison of two databases.

    Attributes
    ----------
    a, b : Compared
    sources : tuple of SourceDiff
    cells_only_a, cells_only_b, cells_both : int
        Cells of the two grids, by their centres.
    tables : tuple of TableDiff
    """

    a: Compared
    b: Compared
    sources: tuple[SourceDiff, ...]
    cells_only_a: int
    cells_only_b: int
    cells_both: int
    tables: tuple[TableDiff, ...]

    @property
    def same(self) -> bool:
        """Whether both hold the same grid and the same values."""
        return not (self.cells_only_a or self.cells_only_b) and all(t.same for t in self.tables)

    def text(self) -> str:
        """Return the comparison as text."""
        lines = [
            f"{mark}  {one.path}  (build {one.build_id}, luc-load {one.version})"
            for mark, one in (("A", self.a), ("B", self.b))
        ]
        lines += ["", "Sources:"]
        for source in self.sources:
            years = "" if source.years[0] is None else f"  {source.years[0]}-{source.years[1]}"
            lines.append(f"  {source.status:<9}  {source.name}{years}  {source.path}")
        lines.append("")
        if self.cells_only_a or self.cells_only_b:
            alone = f"{self.cells_only_a:,} only in A, {self.cells_only_b:,} only in B"
            lines.append(f"Cells: {self.cells_both:,} in both, {alone}")
        else:
            lines.append(f"Cells: the same {self.cells_both:,}")
        for table in self.tables:
            lines += table.lines()
        if self.same:
            lines += ["", "All values are equal."]
        # The texts of a database may come from a stranger: escape control characters.
        return "\n".join(map(shown, lines))

    def record(self) -> dict[str, Any]:
        """Return the comparison as values that JSON can hold."""
        return {"same": self.same, **asdict(self)}


def _column_text(one: ColumnDiff) -> str:
    text = f"{one.different:>12,}"
    if one.missing_in_one:
        text += f" ({one.missing_in_one:,} missing in one)"
    if one.largest is not None:
        place = f"at ({one.latitude:g}, {one.longitude:g}) in {one.year}"
        text += f"  at most {one.largest:.6g}, {place}: {one.value_a:.9g} -> {one.value_b:.9g}"
    return text


def _runs(years: Sequence[int]) -> str:
    """Return years as text, consecutive ones as FIRST-LAST."""
    runs: list[list[int]] = []
    for year in years:
        if runs and year == runs[-1][1] + 1:
            runs[-1][1] = year
        else:
            runs.append([year, year])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs)
