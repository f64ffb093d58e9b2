"""Check a database: run every check in turn, even if earlier ones fail."""

from __future__ import annotations

import os
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from loader.checking.catalog import check_catalog
from loader.checking.contents import check_contents
from loader.checking.published import check_file, check_parquet, database_damage
from loader.checking.record import check_record
from loader.checking.results import CheckReport, CheckResult
from loader.checking.sqlchecks import SQL_CHECKS, run_sql_check
from loader.checking.subject import Subject
from loader.errors import DatabaseError, SourceError, UsageError, one_line
from loader.lanes import run_interruptibly
from loader.options import parse_size
from loader.querying.session import database_path, open_database
from loader.remote.stores import parse_storage_options, using_storage_options
from loader.storing.dataset import dataset_build_id
from loader.storing.look import try_database
from loader.storing.paths import PARQUET
from loader.storing.progress import unfinished_build

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

__all__ = ["check_database", "check_names"]

_MEMORY = 2**30
"""Bytes for DuckDB; reading back takes some hundreds of MB more."""

_ATTEMPTS = 5
"""Number of times that a check starts again because the database was replaced."""

_EXCHANGE_SECONDS = 10.0
"""How long an exchange of dataset and database may take; it is two renames."""

_POLL_SECONDS = 0.05

_LEAST_SECONDS, _BYTES_A_SECOND = 120.0, 500_000
"""Longest time of one check; for a full grid over 30 years, 140 MB, the longest takes 10 s."""


_OBSTACLES = (
    *(DatabaseError, duckdb.Error, pa.ArrowException),
    *(AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError),
)
"""Errors of a check that mean that the file is not valid: the check fails."""

_CHECKS: dict[str, Callable[[Subject], CheckResult]] = {
    # First, because it finds the objects that no other check may run.
    "catalog": check_catalog,
    "record": check_record,
    "file": check_file,
    "contents": check_contents,
    "parquet": check_parquet,
    **{check.name: partial(run_sql_check, check=check) for check in SQL_CHECKS},
}


def check_database(
    database: str | os.PathLike[str],
    *,
    only: Collection[str] | None = None,
    threads: int | None = None,
    memory_limit: str | int | None = None,
    parquet: str | None = None,
    storage_options: str | Mapping[str, Any] | None = None,
    finished: Callable[[CheckResult], None] = lambda _: None,
    notice: Callable[[str], None] = lambda _: None,
) -> CheckReport:
    """Check whether a database is what was published, and whether its numbers agree.

    Nothing is changed, and others may read the database at the same time. If a build replaces it,
    the new one is checked. The file may come from anyone: its objects are run only if they are
    defined as luc-load defines them, and have access to the files of the dataset only.

    Parameters
    ----------
    database : path
        The file, or its folder.
    only : collection of str, optional
        Names of the checks to run; by default all.
    threads : int, optional
        By default DuckDB's choice.
    memory_limit : str or int, optional
        Memory limit of DuckDB, by default "1GiB"; further data spill to the system's folder of
        temporary files.
    parquet : str, optional
        The address of the dataset, if it is in an object store. Without it, only an address to
        which a build of this user published is contacted.
    storage_options : mapping or str, optional
        Options of fsspec, or JSON of them, for a dataset at an address.
    finished : callable, optional
        Receives the result of each check; again from the first if the database was replaced during
        the check.
    notice : callable, optional
        Receives a sentence if the database was replaced.

    Returns
    -------
    CheckReport

    Raises
    ------
    SourceMissingError
        If there is no such file.
    SourceError
        If luc-load did not make it, or it crashes DuckDB or keeps it busy for too long.
    DatabaseError
        If it cannot be opened, for example because another program holds it for writing.
    UsageError
        If `memory_limit` is not a size, `storage_options` are not valid, or `only` names an unknown
        check.
    """
    options = parse_storage_options(storage_options)
    checks = _chosen(only)
    limit = parse_size(memory_limit) if memory_limit is not None else _MEMORY
    path = database_path(database)
    # A damaged file can crash DuckDB: a child process opens it first.
    with _blamed_on_damage(path):
        try_database(path)
    with ExitStack() as stack:
        stack.enter_context(using_storage_options(options))
        # If another build replaces the file meanwhile, the results are of two builds: start again.
        for attempt in range(_ATTEMPTS):
            opened = path.stat()
            with ExitStack() as inner:
                with _blamed_on_damage(path):
                    con = inner.enter_context(closing(open_database(path, threads, limit)))
                    subject = Subject.of(con, path, parquet)
                results: list[CheckResult] = []
                is_last = attempt == _ATTEMPTS - 1
                run = partial(_run, subject, opened, checks, results, finished, is_last=is_last)
                run_interruptibly(run, partial(_stop, subject))
            if len(results) == len(checks):
                break
            notice(f"{path} was replaced by another build during the check; checking the new one")
    return CheckReport(path, subject.build_id, subject.synthetic, tuple(results))


def check_names() -> list[str]:
    """Return the names of all checks, in their order."""
    return list(_CHECKS)


def _chosen(only: Collection[str] | None) -> list[str]:
    """Return the names of the checks to make, in their order."""
    if only is None:
        return list(_CHECKS)
    unknown = sorted(set(only) - set(_CHECKS))
    if unknown or not only:
        named = ", ".join(unknown) or "nothing"
        raise UsageError(f"--only names {named}; expected some of {', '.join(_CHECKS)}")
    return [name for name in _CHECKS if name in only]


@contextmanager
def _blamed_on_damage(path: Path) -> Iterator[None]:
    """If a database cannot be opened or read, report damaged bytes as the reason.

    Raises
    ------
    DatabaseError
        Instead of an error of luc-load, if the bytes are damaged.
    """
    try:
        yield
    except (DatabaseError, SourceError) as error:
        if damage := database_damage(path):
            raise DatabaseError(f"{path}: {damage} ({one_line(error)})") from error
        raise


def _stop(subject: Subject) -> None:
    subject.stopped.set()
    subject.con.interrupt()


def _run(
    subject: Subject,
    opened: os.stat_result,
    checks: list[str],
    results: list[CheckResult],
    finished: Callable[[CheckResult], None],
    *,
    is_last: bool,
) -> None:
    """Run the checks until all are done, or the database was replaced."""
    # Always run the check of the catalog: the others rely on it.
    catalog = _made(subject, "catalog")
    for name in checks:
        result = catalog if name == "catalog" else _made(subject, name)
        if result is None or subject.stopped.is_set():
            return
        # A file that is replaced while it is read looks damaged.
        if result.status != "ok" and not is_last and _was_replaced(subject, opened):
            return
        results.append(result)
        finished(result)


def _made(subject: Subject, name: str) -> CheckResult:
    """Run one check in limited time; it fails if it cannot be completed."""
    began = time.perf_counter()
    seconds = _LEAST_SECONDS + subject.path.stat().st_size / _BYTES_A_SECOND
    with _limited(subject, seconds):
        try:
            result = _CHECKS[name](subject)
        except _OBSTACLES as error:
            if subject.stopped.is_set():
                raise
            reason = " ".join(str(error).split()) or type(error).__name__
            result = CheckResult(name, "", "failed", f"could not be made: {reason}")
    if subject.late.is_set():
        reason = f"stopped after {seconds:.0f} s: a check of a file of this size takes less"
        result = CheckResult(name, result.title, "failed", reason)
        subject.late.clear()
    return replace(result, seconds=time.perf_counter() - began)


@contextmanager
def _limited(subject: Subject, seconds: float) -> Iterator[None]:
    """Stop a check that takes too long: the definitions in a file may run forever."""

    def stop() -> None:
        subject.late.set()
        subject.con.interrupt()

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _was_replaced(subject: Subject, opened: os.stat_result) -> bool:
    """Return whether a build published another database, or is just about to.

    The dataset is exchanged before the database, so for a moment it is of another build.
    """
    folder = subject.path.resolve().parent
    until = time.monotonic() + _EXCHANGE_SECONDS
    while not _is_other(subject.path, opened):
        has_moved = dataset_build_id(folder / PARQUET) not in {None, subject.build_id}
        build = unfinished_build(folder)
        if not has_moved or build is None or build.process is None or time.monotonic() > until:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _is_other(path: Path, opened: os.stat_result) -> bool:
    """Return whether a path leads to another file than the one that was opened."""
    try:
        now = path.stat()
    except FileNotFoundError:
        return True
    return (now.st_dev, now.st_ino) != (opened.st_dev, opened.st_ino)
