"""The check of the record of the build: its digests, and its entries about the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loader._version import __version__
from loader.building.identity import Identity
from loader.checking.results import SHOWN_ROWS, BadRow, CheckResult
from loader.storing.contents import BUILD_DIGEST, build_digest, small_digest
from loader.storing.database import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loader.checking.subject import Subject

__all__ = ["check_record"]

_TITLE = "The record of the build agrees with itself and with the tables"


def check_record(subject: Subject) -> CheckResult:
    """Compare the record of the build with its digests, the tables and the sources."""
    record = subject.record
    if BUILD_DIGEST not in record and subject.version != __version__:
        reason = f"luc-load {subject.version} stored no digest of the record"
        return CheckResult("record", _TITLE, "skipped", reason)
    bad = [*_bad_digests(subject), *_bad_tables(subject), *_bad_sources(subject)]
    figures = {"counted": len(record) + len(subject.row)}
    summary = f"{figures['counted']} entries of the record"
    if not bad:
        return CheckResult("record", _TITLE, "ok", summary, figures)
    summary = f"{len(bad):,} bad of {summary}"
    shown = tuple(bad[:SHOWN_ROWS])
    return CheckResult("record", _TITLE, "failed", summary, figures, len(bad), shown)


def _bad_digests(subject: Subject) -> Iterator[BadRow]:
    record = subject.record
    if subject.build_rows != 1:
        yield BadRow("build", value=subject.build_rows, expected=1, note="rows")
    if record.get(BUILD_DIGEST) != build_digest(subject.row, record):
        yield BadRow("build", note="its row is not what the build wrote")
    if record.get("contents") != small_digest(read_table(subject.con, "table_content")):
        yield BadRow("table_content", note="its rows are not what the build wrote")
    identity = Identity.from_record(record)
    if identity is None:
        yield BadRow("build.options", note="names no version, options and sources")
        return
    if identity.version != subject.version:
        yield BadRow("build.luc_load_version", note=f"the record says {identity.version}")
    # The id of a build from datasets in memory is random.
    is_random = None in identity.fingerprints.values()
    if subject.version == __version__ and not is_random and identity.build_id() != subject.build_id:
        yield BadRow("build.build_id", note="does not follow from options and sources")


def _bad_tables(subject: Subject) -> Iterator[BadRow]:
    stated: dict[str, dict[str, Any]] = {
        str(one.get("name")): one
        for one in subject.record.get("tables", [])
        if isinstance(one, dict)
    }
    # A table that only one of the two names is bad too.
    for table in sorted({*stated, *subject.loaded}):
        years = subject.years(table)
        totals = {
            "rows": subject.rows(table) if table in subject.loaded else 0,
            "years": len(years),
            "first_year": min(years, default=None),
            "last_year": max(years, default=None),
        }
        for name, value in totals.items():
            expected = stated.get(table, {}).get(name)
            if value != expected:
                note = f"{name}: table_content has {value}, the record {expected}"
                yield BadRow(table, note=note)


def _bad_sources(subject: Subject) -> Iterator[BadRow]:
    synthetic = any(source["synthetic"] for source in subject.sources)
    if synthetic != subject.synthetic:
        yield BadRow("build.synthetic", note=f"is {subject.synthetic}, the sources say {synthetic}")
    # Several files of a source have one name; their keys in the record are numbered.
    digests = subject.record.get("digests", {})
    expected: dict[str, list[str]] = {}
    for key, digest in digests.items() if isinstance(digests, dict) else ():
        expected.setdefault(str(key).partition(":")[0], []).append(f"sha256:{digest}")
    stored: dict[str, list[str]] = {}
    for source in subject.sources:
        known = stored.setdefault(source["name"], [])
        if source["digest"] is not None:
            known.append(source["digest"])
    for name, known in stored.items():
        if sorted(known) != sorted(expected.get(name, [])):
            yield BadRow(f"source {name}", note="has another digest than the record")
