"""The checks of the published files: the database byte for byte, and the Parquet dataset."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from loader.checking.contents import bad_years, values_text
from loader.checking.dataset import FolderDataset, StoreDataset, stream_digest
from loader.checking.results import SHOWN_ROWS, BadRow, CheckResult
from loader.errors import ServiceError, SourceError
from loader.remote.dataset import stored_dataset
from loader.remote.stores import translated
from loader.storing.contents import BUILD_DIGEST
from loader.storing.database import ROW_GROUP_ROWS
from loader.storing.datapackage import DATA_PACKAGE, describe_package
from loader.storing.dataset import BUILD_RECORD, SMALL_TABLES
from loader.storing.digest import TableDigest
from loader.storing.paths import PARQUET
from loader.storing.sums import SUMS, file_digest, header_digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import BinaryIO

    from loader.checking.dataset import PublishedDataset
    from loader.checking.subject import Subject

__all__ = ["check_file", "check_parquet", "database_damage"]

_REBUILD = "run the build again to fix it"

_DAMAGE = (
    "is damaged: its bytes are not those that were published, and no DuckDB program wrote to it; "
    + _REBUILD
)

_FILE_TITLE = "The database file, byte for byte"
_PARQUET_TITLE = "Every file of the Parquet dataset, and every value in it"


class _UnavailableError(Exception):
    """The reason why there is no dataset; `failed` tells whether there should be one."""

    def __init__(self, reason: str, *, failed: bool = False) -> None:
        super().__init__(reason)
        self.failed = failed


def check_file(subject: Subject) -> CheckResult:
    """Compare the bytes of the database with the digest that was published with it.

    Another program may have opened the database for writing and changed it. Then DuckDB rewrote the
    header of the file, and only the content can be checked, which the other checks do. If the
    header is unchanged and the rest is not, no program wrote to the file: it is damaged.
    """
    report = partial(CheckResult, "file", _FILE_TITLE)
    try:
        dataset = _dataset_of(subject)
        sums = dataset.sums
    except _UnavailableError as error:
        return report("skipped", f"no digest of the file: {error}")
    except ValueError as error:
        return report("skipped", str(error))
    except ServiceError as error:
        return report("skipped", str(error))
    # A program that opened the file for writing changed its header; damage does not.
    path = subject.path.resolve()
    size = path.stat().st_size
    if file_digest(path) == sums.database:
        return report("ok", f"{size:,} bytes as published", {"bytes": size})
    if header_digest(path) == sums.header:
        return report("failed", _DAMAGE, {"bytes": size})
    return report(
        "ok",
        f"{size:,} bytes; another program changed the file after it was published, so its content "
        "is proved by the other checks, its unused blocks are not",
        {"bytes": size},
    )


def database_damage(path: Path) -> str | None:
    """Return the damage to the bytes of a database that cannot be read, if it is known.

    Parameters
    ----------
    path : pathlib.Path
        With the dataset that was published with it next to it, or without.
    """
    path = path.resolve()
    try:
        sums = FolderDataset(path.parent / PARQUET).sums
        is_damaged = file_digest(path) != sums.database and header_digest(path) == sums.header
    except (OSError, ValueError):
        return None
    return _DAMAGE if is_damaged else None


def check_parquet(subject: Subject) -> CheckResult:
    """Compare the names and bytes of all published files, then every value with its source."""
    report = partial(CheckResult, "parquet", _PARQUET_TITLE)
    try:
        dataset = _dataset_of(subject)
        with _store_errors(subject):
            bad = list(_bad_files(subject, dataset))
            # Values are only read from files whose bytes are as published.
            if not bad:
                bad = _bad_values(subject, dataset)
    except _UnavailableError as error:
        return report("failed" if error.failed else "skipped", str(error))
    except ServiceError as error:
        return report("skipped", str(error))
    except (SourceError, OSError, ValueError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        return report("failed", f"{dataset.place} cannot be read: {reason}; {_REBUILD}")
    figures, summary = values_text(subject)
    figures["files"] = len(_expected_names(subject)) + 2
    summary = f"{figures['files']:,} files; {summary}"
    if not bad:
        return report("ok", summary, figures)
    summary = f"{len(bad):,} bad of {summary}"
    return report("failed", summary, figures, len(bad), tuple(bad[:SHOWN_ROWS]))


def _dataset_of(subject: Subject) -> PublishedDataset:
    """Return the dataset of the same build.

    Raises
    ------
    _UnavailableError
        If there is none.
    """
    if subject.address is not None:
        in_store = stored_dataset(subject.address, subject.build_id, subject.parquet)
        if in_store.state != "same":
            raise _UnavailableError(in_store.text, failed=in_store.state == "other")
        return StoreDataset(in_store.folder)
    # A link to the database is resolved: the dataset is next to the file itself.
    folder = subject.path.resolve().parent / PARQUET
    if not folder.exists():
        raise _UnavailableError("there is no Parquet dataset next to the database")
    dataset = FolderDataset(folder)
    record = dataset.record()
    build_id = None if record is None else str(record["build_id"])
    if build_id != subject.build_id:
        state = f"is of build {build_id}" if build_id else f"has no {BUILD_RECORD} of luc-load"
        reason = f"{folder} {state}; the database is of build {subject.build_id}; {_REBUILD}"
        raise _UnavailableError(reason, failed=True)
    return dataset


def _store_errors(subject: Subject) -> AbstractContextManager[Any]:
    return nullcontext() if subject.address is None else translated(subject.address)


def _expected_names(subject: Subject) -> set[str]:
    """Return the names of all Parquet files that the build published."""
    parts = subject.record.get("parts", {})
    names = {str(name).removeprefix("/") for each in parts.values() for name in each}
    return names | {f"{table}/{table}.parquet" for table in SMALL_TABLES}


def _bad_files(subject: Subject, dataset: PublishedDataset) -> Iterator[BadRow]:
    """Yield files that are missing, foreign, damaged or different from the record."""
    expected = _expected_names(subject) | {BUILD_RECORD, DATA_PACKAGE}
    sums, names = dataset.sums.files, dataset.names()
    for name in sorted({*sums} ^ expected):
        note = f"is not in {SUMS}" if name in expected else "is not a file of this build"
        yield BadRow(f"{SUMS}: {name}", note=note)
    yield from _bad_descriptions(subject, dataset)
    tables = {name.partition("/")[0] for name in expected if "/" in name}
    for name in sorted(names - expected - {SUMS}):
        # Readers of a table's folder take its rows too.
        if name.partition("/")[0] in tables and not _is_hidden(name):
            yield BadRow(name, note="is not a file of this build; remove it")
    for name in sorted(expected):
        if subject.is_over:
            return
        if name not in names:
            yield BadRow(name, note="is missing")
            continue
        try:
            with dataset.open(name) as file:
                digest = stream_digest(file)
        except OSError as error:
            yield BadRow(name, note=f"cannot be read: {error.strerror or error}")
            continue
        if digest != sums.get(name, digest):
            yield BadRow(name, note="its bytes are not those that were published")


def _bad_descriptions(subject: Subject, dataset: PublishedDataset) -> Iterator[BadRow]:
    """Yield the files that describe the dataset and differ from what the database says of it."""
    record = dataset.record() or {}
    stored = {key: value for key, value in subject.record.items() if key != BUILD_DIGEST}
    if record != {"build_id": subject.build_id, **stored}:
        yield BadRow(BUILD_RECORD, note="differs from the record in the database")
    package = describe_package(subject.con, subject.build_id, subject.record, SMALL_TABLES)
    # One that is missing or not JSON is reported with its bytes.
    if dataset.descriptor() not in (None, package):
        yield BadRow(DATA_PACKAGE, note="does not describe this dataset")


def _is_hidden(name: str) -> bool:
    """Return whether no reader treats a file as data, such as .DS_Store."""
    last = name.rpartition("/")[2]
    return last.startswith((".", "_")) and not last.endswith(".parquet")


def _bad_values(subject: Subject, dataset: PublishedDataset) -> list[BadRow]:
    """Read all parts, and return tables and years that do not hold what the sources did."""
    digests, small = {}, {}
    parts = subject.record.get("parts", {})
    for table in subject.loaded:
        digests[table] = TableDigest()
        for name in parts.get(table, ()):
            with dataset.open(str(name).removeprefix("/")) as file:
                for batch in _batches(file):
                    if subject.is_over:
                        break
                    digests[table].merge(TableDigest.of(batch))
    for table in SMALL_TABLES:
        with dataset.open(f"{table}/{table}.parquet") as file:
            small[table] = pq.ParquetFile(file).read()
    return bad_years(subject, digests, small)


def _batches(file: BinaryIO) -> Iterator[pa.RecordBatch]:
    # A part at a time, and closed: a dataset reads ahead, and leaves files of stores open.
    yield from pq.ParquetFile(file).iter_batches(ROW_GROUP_ROWS)
