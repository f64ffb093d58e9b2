"""The checks that read every value: the tables and the Parquet data set against their digests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSelector, FileSystem, FSSpecHandler, LocalFileSystem, PyFileSystem

from loader.checking.results import SHOWN_ROWS, BadRow, CheckResult
from loader.errors import ServiceError, SourceError
from loader.remote.dataset import stored_dataset
from loader.remote.stores import store_of, translated
from loader.storing.contents import small_digest, year_digest
from loader.storing.database import ROW_GROUP_ROWS, digest_of_table, read_table
from loader.storing.dataset import SMALL_TABLES, dataset_build_id
from loader.storing.digest import TableDigest
from loader.storing.publish import PARQUET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loader.checking.subject import Subject

__all__ = ["check_contents", "check_parquet"]


def check_contents(subject: Subject) -> CheckResult:
    """Compare every table and year of the database with the digest of its source."""
    title = "Every value as it was read from the source files"
    found = {table: digest_of_table(subject.con, table) for table in subject.loaded}
    small = {table: read_table(subject.con, table) for table in subject.digested}
    return _compared("contents", title, subject, _bad_years(subject, found, small))


def check_parquet(subject: Subject) -> CheckResult:
    """Compare the Parquet data set of the database, wherever it lies, with the same digests."""
    title = "The Parquet data set of the database holds the same"
    if subject.address is not None:
        return _check_stored(subject, title, subject.address)
    folder = subject.path.resolve().parent / PARQUET
    if not folder.exists():
        return CheckResult("parquet", title, "skipped", "no data set lies beside the database")
    build_id = dataset_build_id(folder)
    if build_id != subject.build_id:
        told = f"is of build {build_id}" if build_id else "does not say of which build it is"
        advice = "run the build again to mend it"
        summary = f"{folder} {told}, the database of build {subject.build_id}; {advice}"
        return CheckResult("parquet", title, "failed", summary, bad_rows=0)
    try:
        bad = _bad_parts(subject, LocalFileSystem(), str(folder))
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        return CheckResult("parquet", title, "failed", f"{folder} cannot be read: {reason}")
    return _compared("parquet", title, subject, bad)


def _check_stored(subject: Subject, title: str, address: str) -> CheckResult:
    found = stored_dataset(address, subject.build_id)
    if found.state != "same":
        status: Literal["skipped", "failed"] = "failed" if found.state == "other" else "skipped"
        return CheckResult("parquet", title, status, found.text)
    try:
        with translated(found.folder):
            store = store_of(found.folder)
            bad = _bad_parts(subject, PyFileSystem(FSSpecHandler(store.fs)), store.path)
    except ServiceError as error:
        return CheckResult("parquet", title, "skipped", str(error))
    except SourceError as error:
        return CheckResult("parquet", title, "failed", str(error))
    return _compared("parquet", title, subject, bad)


def _bad_parts(subject: Subject, store: FileSystem, folder: str) -> list[BadRow]:
    """Read the whole data set in a folder of a file system, and return what is not as it was."""
    found = {
        table: _digest_of_parts(subject, store, f"{folder}/{table}") for table in subject.loaded
    }
    small = {
        table: _small_table(store, f"{folder}/{table}")
        for table in SMALL_TABLES
        if (table, None) in subject.contents
    }
    return _bad_years(subject, found, small)


def _small_table(store: FileSystem, folder: str) -> pa.Table:
    batches = list(_batches(store, folder))
    if not batches:
        raise FileNotFoundError(f"{folder} holds no rows")
    return pa.Table.from_batches(batches)


def _digest_of_parts(subject: Subject, store: FileSystem, folder: str) -> TableDigest:
    digest = TableDigest()
    for batch in _batches(store, folder):
        if subject.stopped.is_set():
            break
        digest.merge(TableDigest.of(batch))
    return digest


def _batches(store: FileSystem, folder: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of all parts in a folder."""
    there = store.get_file_info(FileSelector(folder, allow_not_found=True, recursive=True))
    for path in sorted(one.path for one in there if one.path.endswith(".parquet")):
        # A part at a time, and closed: a data set reads ahead, and leaves files of stores open.
        with store.open_input_file(path) as file:
            yield from pq.ParquetFile(file).iter_batches(ROW_GROUP_ROWS)


def _bad_years(
    subject: Subject, found: dict[str, TableDigest], small: dict[str, pa.Table]
) -> list[BadRow]:
    bad = []
    for (table, year), (rows, digest) in subject.contents.items():
        if year is None and table not in small:
            continue
        if year is None:
            count, content = small[table].num_rows, small_digest(small[table])
        else:
            count = found[table].rows_of_year.get(year, 0)
            content = year_digest(found[table].content_of_year.get(year, 0))
        if (count, content) != (rows, digest):
            note = "rows" if count != rows else f"as many rows, other values: {content}"
            bad.append(BadRow(table, year=year, value=count, expected=rows, note=note))
    bad += [
        BadRow(table, year=year, value=rows, expected=0, note="rows")
        for table, digests in found.items()
        for year, rows in digests.rows_of_year.items()
        if (table, year) not in subject.contents
    ]
    return bad


def _compared(name: str, title: str, subject: Subject, bad: list[BadRow]) -> CheckResult:
    values = sum(subject.rows(table) * len(subject.values(table)) for table in subject.loaded)
    figures = {"counted": len(subject.contents), "rows": subject.rows(), "values": values}
    summary = f"{len(subject.contents):,} tables and years; {subject.rows():,} rows; "
    summary += f"{values:,} values"
    if not bad:
        return CheckResult(name, title, "ok", summary, figures)
    summary = f"{len(bad):,} bad of {summary}"
    return CheckResult(name, title, "failed", summary, figures, len(bad), tuple(bad[:SHOWN_ROWS]))
