"""The check that reads every value of the database and compares it with the digests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loader.checking.results import SHOWN_ROWS, BadRow, CheckResult
from loader.storing.contents import small_digest, year_digest
from loader.storing.database import digest_of_table, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from loader.checking.subject import Subject
    from loader.storing.digest import TableDigest

__all__ = ["bad_years", "check_contents", "values_text"]

_TITLE = "Every value as it was read from the source files"


def check_contents(subject: Subject) -> CheckResult:
    """Compare every table and year of the database with the digest of its source."""
    bad = [
        BadRow(table, note=f"was not read: it {subject.untrusted[table]}")
        for table in (*subject.loaded, *subject.digested)
        if table in subject.untrusted
    ]
    unread = [table for table in subject.gridded if table in subject.unproven]
    # Tables without rows in the record must be empty.
    gridded = [
        table for table in subject.gridded if table not in {*subject.untrusted, *subject.unproven}
    ]
    digests = {table: digest_of_table(subject.con, table) for table in gridded}
    small = {
        table: read_table(subject.con, table)
        for table in subject.digested
        if table not in subject.untrusted
    }
    bad += bad_years(subject, digests, small)
    figures, summary = values_text(subject)
    if not bad and unread:
        reason = f"{', '.join(unread)} {subject.unproven[unread[0]]}"
        return CheckResult("contents", _TITLE, "skipped", f"was not run: {reason}", figures)
    if not bad:
        return CheckResult("contents", _TITLE, "ok", summary, figures)
    summary = f"{len(bad):,} bad of {summary}"
    shown = tuple(bad[:SHOWN_ROWS])
    return CheckResult("contents", _TITLE, "failed", summary, figures, len(bad), shown)


def bad_years(
    subject: Subject, digests: Mapping[str, TableDigest], small: Mapping[str, pa.Table]
) -> list[BadRow]:
    """Return tables and years whose rows are not those of the source.

    Parameters
    ----------
    subject : Subject
    digests : mapping of str to TableDigest
        Of the gridded tables that were read.
    small : mapping of str to pyarrow.Table
        The other tables that were read.
    """
    bad = []
    # 1. Every row of table_content: a year of a gridded table, or a small table as a whole.
    for (table, year), (rows, digest) in subject.contents.items():
        if year is None and table in small:
            count, content = small[table].num_rows, small_digest(small[table])
        elif year is not None and table in digests:
            count = digests[table].rows_of_year.get(year, 0)
            content = year_digest(digests[table].content_of_year.get(year, 0))
        else:
            continue
        if (count, content) != (rows, digest):
            note = "rows" if count != rows else f"as many rows, other values: {content}"
            bad.append(BadRow(table, year=year, value=count, expected=rows, note=note))
    # 2. Years that the tables hold and table_content does not.
    bad += [
        BadRow(table, year=year, value=rows, expected=0, note="rows")
        for table, digest in digests.items()
        for year, rows in digest.rows_of_year.items()
        if (table, year) not in subject.contents
    ]
    return bad


def values_text(subject: Subject) -> tuple[dict[str, int], str]:
    """Return how much there is to compare, as numbers and in words."""
    values = sum(subject.rows(table) * len(subject.values(table)) for table in subject.loaded)
    figures = {"counted": len(subject.contents), "rows": subject.rows(), "values": values}
    summary = f"{len(subject.contents):,} tables and years; {subject.rows():,} rows; "
    return figures, f"{summary}{values:,} values"
