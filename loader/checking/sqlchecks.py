"""The checks that are files of sql/checks: what they need, and how they are run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loader.catalog.sqlfiles import SqlFile, embedded, read_files, render
from loader.checking.catalog import needed_objects
from loader.checking.results import SHOWN_ROWS, BadRow, CheckResult
from loader.errors import DatabaseError
from loader.landuses import missing_moves
from loader.querying.session import translated
from loader.storing.database import run_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from loader.checking.subject import Subject

__all__ = ["SQL_CHECKS", "SqlCheck", "run_sql_check"]


@dataclass(frozen=True)
class SqlCheck:
    """A check that is a file of sql/checks.

    Attributes
    ----------
    name : str
        Of the file.
    what : str
        The things that are counted, in the plural.
    counted : callable, optional
        Says how much is checked. Without it the file itself does, rendered with `figures`: one row
        with `counted`, `holds` and figures of its own. The bad rows are then read only if it does
        not hold.
    obstacle : callable, optional
        Returns the reason why the check cannot be run on a database, or None.
    """

    name: str
    what: str
    counted: Callable[[Subject], int] | None = None
    obstacle: Callable[[Subject], str | None] = lambda _: None


def run_sql_check(subject: Subject, check: SqlCheck) -> CheckResult:
    """Run one check.

    Raises
    ------
    DatabaseError
        If DuckDB fails.
    """
    file = read_files("sql/checks")[check.name]
    title = file.header["Title"]
    # 1. Do not run text that is not ours, nor a check whose objects are missing or unproven.
    if reason := _untrusted(subject, file):
        return CheckResult(check.name, title, "failed", reason)
    if reason := _not_to_run(file, subject.unproven) or check.obstacle(subject):
        return CheckResult(check.name, title, "skipped", reason)
    # 2. Count first, in one pass that also says whether all rows hold.
    values = subject.template_values | {"figures": False}
    holds = False
    if check.counted is not None:
        figures: dict[str, Any] = {"counted": check.counted(subject)}
    else:
        figures = _figures(subject, file, values | {"figures": True})
        holds = figures.pop("holds")
    if not figures["counted"]:
        return CheckResult(check.name, title, "skipped", f"no {check.what}")
    if holds:
        return CheckResult(check.name, title, "ok", _words(check, figures), figures)
    # 3. Otherwise list the worst rows, and count them all only if there are more.
    query = embedded(file, values)
    shown = run_statement(subject.con, "worst_rows", {"check": query, "limit": SHOWN_ROWS})
    summary = _words(check, figures)
    if not shown and check.counted is not None:
        return CheckResult(check.name, title, "ok", summary, figures)
    bad = len(shown)
    if bad == SHOWN_ROWS:
        bad = run_statement(subject.con, "count_rows", {"check": query})[0][0]
    worst = tuple(BadRow(*row) for row in shown)
    summary = f"{bad:,} bad of {summary}"
    return CheckResult(check.name, title, "failed", summary, figures, bad, worst)


def _untrusted(subject: Subject, file: SqlFile) -> str | None:
    """Return the reason not to run a check if it needs an object that is not luc-load's."""
    for name in sorted(subject.hiding):
        return f"was not run: the macro {name} hides a function of DuckDB"
    return _not_to_run(file, subject.untrusted)


def _not_to_run(file: SqlFile, objects: Mapping[str, str]) -> str | None:
    """Return the reason why a check is not run if it needs one of these objects."""
    for name in sorted({*needed_objects(file.needs), "cell"} & objects.keys()):
        return f"was not run: {name} {objects[name]}"
    return None


def _figures(subject: Subject, file: SqlFile, values: dict[str, object]) -> dict[str, Any]:
    with translated(f"the check {file.name} failed"):
        done = subject.con.execute(render(file, values))
        names = [column[0] for column in done.description]
        row = done.fetchone()
    if row is None:
        raise DatabaseError(f"the check {file.name} gave no figures")
    return dict(zip(names, row, strict=True))


def _words(check: SqlCheck, figures: dict[str, Any]) -> str:
    rest = [
        f"{name.replace('_', ' ')} {value:.3g}"
        if isinstance(value, float)
        else f"{name.replace('_', ' ')} {value}"
        for name, value in figures.items()
        if name != "counted" and value is not None
    ]
    return "; ".join([f"{figures['counted']:,} {check.what}", *rest])


def _without(*tables: str) -> Callable[[Subject], str | None]:
    def obstacle(subject: Subject) -> str | None:
        absent = [table for table in tables if table not in subject.loaded]
        return f"no rows of {' and '.join(absent)}" if absent else None

    return obstacle


def _no_balance(subject: Subject) -> str | None:
    if reason := _without("state", "transition")(subject):
        return reason
    lacking = missing_moves(subject.land_uses)
    return f"transition lacks {', '.join(lacking)}" if lacking else None


def _no_published(subject: Subject) -> str | None:
    if reason := _without("eluc")(subject):
        return reason
    if any(one["synthetic"] for one in subject.sources if one["name"].startswith("eluc")):
        return "the ELUC file is synthetic"
    if reason := subject.emissions.get(subject.published_column):
        return reason
    if not subject.is_global or subject.cells == "land":
        return "the stored cells do not cover all land of the Earth"
    return None


def _region(subject: Subject) -> str | None:
    return None if subject.is_global else "the grid is a region"


SQL_CHECKS: tuple[SqlCheck, ...] = (
    SqlCheck("unique_rows", "rows", lambda s: s.rows()),
    SqlCheck("known_keys", "rows", lambda s: s.rows()),
    SqlCheck("not_finite", "values", lambda s: sum(s.rows(t) * len(s.values(t)) for t in s.loaded)),
    SqlCheck(
        "partly_missing",
        "rows",
        lambda s: s.rows(*({"state", "transition"} & set(s.loaded)) or ("",)),
    ),
    SqlCheck("out_of_range", "values", lambda s: sum(s.rows(x.table) for x in s.limits)),
    SqlCheck(
        "totals", "years", lambda s: len({year for _, year in s.contents if year is not None})
    ),
    SqlCheck(
        "derived_tables",
        "years",
        lambda s: len({year for _, year in s.contents if year is not None}),
        lambda s: None if s.template_values["grid"] else "the record has no grid",
    ),
    SqlCheck(
        "repeated_years",
        "years",
        lambda s: len({y for t in ("eluc", "state") for y in s.years(t)}),
        _region,
    ),
    SqlCheck("state_sums", "cells and years", obstacle=_without("state")),
    SqlCheck("primary_growth", "changes of primary land", obstacle=_without("state")),
    SqlCheck("mass_balance", "cells and years with both states", obstacle=_no_balance),
    SqlCheck("alignment", "cells and pairs of years", obstacle=_without("eluc", "state")),
    SqlCheck("published_totals", "published years and decades", obstacle=_no_published),
)
"""In the order in which they are run."""
