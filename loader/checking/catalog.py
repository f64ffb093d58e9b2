"""The check that compares tables, views, macros and comments with what luc-load defines."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

import duckdb

from loader._version import __version__
from loader.catalog.objectfiles import object_files
from loader.checking.expected import Catalog, Fact, expected_catalog
from loader.checking.results import SHOWN_ROWS, BadRow, CheckResult
from loader.errors import DatabaseError
from loader.schema import SOURCES, schema_of
from loader.storing.database import run_statement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from loader.checking.subject import Subject

__all__ = ["check_catalog", "needed_objects"]

_TITLE = "Tables, views, macros, comments and data_dictionary as luc-load defines them"
_FOLDER_MACRO = "parquet_folder"
_TEXT = re.compile(r"macro\[\] '(?:[^']|'')*'")

_SHOWN_NAMES = 8


def check_catalog(subject: Subject) -> CheckResult:
    """Compare every object with the definition that follows from the record of the build.

    Objects that do not belong to luc-load are named and otherwise ignored. An object is run by
    other checks only if its definition is the one that this luc-load writes: the names of those
    that differ are added to `subject.untrusted`, or to `subject.unproven` if another version made
    the database.
    """
    if subject.version != __version__:
        return _other_version(subject)
    try:
        expected = _expected(subject)
        dictionary = run_statement(subject.outside(), "read_dictionary", {"database": "luc"})
    except (ValueError, DatabaseError, duckdb.Error, OSError) as error:
        return CheckResult("catalog", _TITLE, "failed", f"cannot be compared: {error}")
    bad = _compared(subject, expected)
    written_by = str(subject.row["duckdb_version"])
    if bad and written_by != duckdb.__version__ and _only_views(bad):
        # Releases of DuckDB differ in how they write the definition of a view.
        reason = f"built with DuckDB {written_by}, this is {duckdb.__version__}"
        subject.unproven.update({fact.name: f"cannot be compared: {reason}" for fact, _ in bad})
        return CheckResult("catalog", _TITLE, "skipped", f"{len(bad)} views differ: {reason}")
    subject.untrusted.update(
        {fact.name: "is not as luc-load defines it" for fact, _ in bad if fact.aspect != "comment"}
    )
    bad_rows = _hiding_rows(subject)
    bad_rows += [BadRow(fact.text(), note=note) for fact, note in bad]
    bad_rows += _bad_entries(expected.dictionary, tuple(dictionary))
    known = {(fact.schema, fact.name) for fact in expected.facts}
    counted = sum(fact.name != _FOLDER_MACRO for fact in expected.facts)
    return _result(subject, known, counted, bad_rows)


def _other_version(subject: Subject) -> CheckResult:
    """Find the objects that can be run although another version of luc-load defined them."""
    reason = f"built by luc-load {subject.version}; this is {__version__}"
    subject.untrusted.update(_not_tables(subject))
    equal = set[str]()
    # A record of another form cannot be rendered; then nothing is equal.
    with suppress(ValueError, DatabaseError, duckdb.Error, OSError):
        expected = _expected(subject)
        differing = {f.name for f, _ in _compared(subject, expected) if f.aspect != "comment"}
        equal = {fact.name for fact in expected.facts} - differing
    subject.unproven.update(
        {
            fact.name: f"cannot be compared: {reason}"
            for fact in subject.facts
            if fact.kind in {"view", "macro"} and fact.name not in equal
        }
    )
    if not subject.untrusted and not subject.hiding:
        return CheckResult("catalog", _TITLE, "skipped", reason)
    known = {(schema_of(name), name) for name in (*_needs(), _FOLDER_MACRO)}
    bad_rows = [*_hiding_rows(subject), *_view_rows(subject)]
    return _result(subject, known, 0, bad_rows, f"{reason}; ")


def _expected(subject: Subject) -> Catalog:
    years = {table: subject.years(table) for table in subject.loaded}
    return expected_catalog(subject.record, years)


def needed_objects(names: Iterable[str]) -> frozenset[str]:
    """Return objects and their dependencies, by the headers of the files of sql/."""
    needed, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += _needs().get(name, ())
    return frozenset(needed)


@cache
def _needs() -> dict[str, tuple[str, ...]]:
    kinds = ("tables", "views", "macros")
    return {
        name: file.needs for kind in kinds for name, file in object_files(f"sql/{kind}").items()
    }


def _not_tables(subject: Subject) -> dict[str, str]:
    """Return gridded tables that are not plain tables, although the record says so."""
    viewed = {fact.name for fact in subject.facts if fact.kind == "view"}
    computed = {
        fact.name
        for fact, value in subject.facts.items()
        if fact.kind == "table" and "GENERATED ALWAYS" in (value or "")
    }
    tables = {source.table for source in SOURCES.values()}
    wrong = computed & tables if subject.is_viewed else (computed | viewed) & tables
    return dict.fromkeys(sorted(wrong), "is not a plain table")


def _compared(subject: Subject, expected: Catalog) -> list[tuple[Fact, str]]:
    """Return the facts that differ, each with a note on the difference."""
    bad = []
    present = {(fact.schema, fact.name) for fact in subject.facts}
    for fact, value in expected.facts.items():
        is_folder = (fact.name, fact.aspect) == (_FOLDER_MACRO, "definition")
        recorded = subject.facts.get(fact)
        if (fact.schema, fact.name) not in present:
            if fact.aspect == "definition":
                bad.append((fact, "is missing"))
        elif fact not in subject.facts:
            if fact.aspect != "comment":
                bad.append((fact, "is missing"))
        elif is_folder:
            # The one object that a user may replace, to move the dataset.
            if not _TEXT.fullmatch(recorded or ""):
                bad.append((fact, "is not a plain path"))
        elif _plain(recorded) != _plain(value):
            bad.append((fact, f"has another {fact.aspect}"))
    known = {(fact.schema, fact.name) for fact in expected.facts}
    bad += [
        (fact, "is not luc-load's")
        for fact in subject.facts
        if fact not in expected.facts
        and fact.aspect != "comment"
        and (fact.schema, fact.name) in known
    ]
    return bad


def _plain(value: str | None) -> str:
    """Return a definition with its truth values as DuckDB 2 writes them; 1.5 writes a cast."""
    text = value or ""
    for letter, word in (("t", "true"), ("f", "false")):
        text = text.replace(f"CAST('{letter}' AS BOOLEAN)", word)
    return text


def _only_views(bad: Iterable[tuple[Fact, str]]) -> bool:
    return all(
        fact.kind in {"view", "macro"} and note == "has another definition" for fact, note in bad
    )


def _bad_entries(
    expected: tuple[tuple[str, ...], ...], actual: tuple[tuple[str, ...], ...]
) -> list[BadRow]:
    rows = [
        BadRow(f"data_dictionary {table}.{column}", note="has another entry")
        for table, column, *_ in sorted(set(expected) - set(actual), key=str)
    ]
    known = {entry[:2] for entry in expected}
    rows += [
        BadRow(f"data_dictionary {table}.{column}", note="is not luc-load's")
        for table, column, *_ in sorted(set(actual) - set(expected), key=str)
        if (table, column) not in known
    ]
    if not rows and len(actual) != len(expected):
        rows.append(BadRow("data_dictionary", value=len(actual), expected=len(expected)))
    return rows


def _hiding_rows(subject: Subject) -> list[BadRow]:
    """Return macros that views of the database call instead of functions of DuckDB."""
    return [
        BadRow(f"macro {name}", note="hides the function of DuckDB")
        for name in sorted(subject.hiding)
    ]


def _view_rows(subject: Subject) -> list[BadRow]:
    return [BadRow(f"view {name}", note=reason) for name, reason in subject.untrusted.items()]


def _result(
    subject: Subject,
    known: Collection[tuple[str, str]],
    counted: int,
    bad: list[BadRow],
    reason: str = "",
) -> CheckResult:
    own = _own_objects(subject, known)
    figures = {"counted": counted, "left_alone": len(own)}
    summary = f"{reason}{counted:,} definitions, types and comments"
    if own:
        more = f" and {len(own) - _SHOWN_NAMES} more" if len(own) > _SHOWN_NAMES else ""
        summary += f"; not luc-load's, left alone: {', '.join(own[:_SHOWN_NAMES])}{more}"
    if not bad:
        return CheckResult("catalog", _TITLE, "ok", summary, figures)
    summary = f"{len(bad):,} bad of {summary}"
    shown = tuple(bad[:SHOWN_ROWS])
    return CheckResult("catalog", _TITLE, "failed", summary, figures, len(bad), shown)


def _own_objects(subject: Subject, known: Collection[tuple[str, str]]) -> list[str]:
    """Return the user's own objects, each as kind and name."""
    return sorted(
        {
            f"{fact.kind} {fact.owner}"
            for fact in subject.facts
            if fact.kind != "column" and (fact.schema, fact.name) not in known
        }
    )
