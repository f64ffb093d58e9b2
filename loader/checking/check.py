"""Check a database: every check in turn, whatever the ones before it found."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from loader.checking.contents import check_contents, check_parquet
from loader.checking.results import CheckReport, CheckResult
from loader.checking.sqlchecks import SQL_CHECKS, run_sql_check
from loader.checking.subject import Subject
from loader.errors import DatabaseError, SourceError, UsageError
from loader.options import parse_size
from loader.pipeline import aside
from loader.querying.session import database_path, open_database
from loader.remote.stores import parse_storage_options, using_storage_options
from loader.storing.database import run_statement

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Mapping

__all__ = ["check_database"]

_MEMORY = 2**30
"""Bytes for DuckDB; reading back takes some hundreds of MB beside it."""


_CHECKS: dict[str, Callable[[Subject], CheckResult]] = {
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
    storage_options: str | Mapping[str, Any] | None = None,
    finished: Callable[[CheckResult], None] = lambda _: None,
) -> CheckReport:
    """Check whether a database holds what was loaded, and whether its numbers agree.

    Nothing is changed, and others may read the database meanwhile.

    Parameters
    ----------
    database : path
        The file, or the folder it lies in.
    only : collection of str, optional
        Names of the checks to make; all if not given.
    threads : int, optional
        DuckDB's own choice if not given.
    memory_limit : str or int, optional
        What DuckDB may take, such as "1GiB", which is the default; the rest goes to the system's
        folder of temporary files.
    storage_options : mapping or str, optional
        Options of fsspec, or JSON of them, for a data set at an address.
    finished : callable, optional
        Told of each check when it is done.

    Returns
    -------
    CheckReport

    Raises
    ------
    SourceMissingError
        If there is no such file.
    SourceError
        If luc-load did not make it.
    DatabaseError
        If it cannot be opened, because another program holds it for writing, say.
    UsageError
        If `memory_limit` is no size, `storage_options` are none, or `only` names what is no check.
    """
    options = parse_storage_options(storage_options)
    checks = _CHECKS if only is None else {name: _CHECKS[name] for name in _wanted(only)}
    path = database_path(database)
    limit = parse_size(memory_limit) if memory_limit is not None else _MEMORY
    with ExitStack() as stack:
        con = stack.enter_context(closing(open_database(path, threads, limit)))
        try:
            record = json.loads(run_statement(con, "read_build")[0][2])
            subject = Subject.of(con, path, record)
        except (DatabaseError, IndexError, KeyError, TypeError, ValueError) as error:
            raise SourceError(str(path), "was not made by luc-load build") from error
        if subject.address is not None:
            stack.enter_context(using_storage_options(options))
        results: list[CheckResult] = []

        def work() -> None:
            for name, check in checks.items():
                if subject.stopped.is_set():
                    return
                began = time.perf_counter()
                try:
                    result = check(subject)
                except DatabaseError as error:
                    result = CheckResult(name, "", "failed", f"could not be made: {error}")
                results.append(replace(result, seconds=time.perf_counter() - began))
                finished(results[-1])

        def stop() -> None:
            subject.stopped.set()
            con.interrupt()

        aside(work, stop)
    return CheckReport(path, subject.build_id, subject.synthetic, tuple(results))


def _wanted(only: Collection[str]) -> list[str]:
    """Return the names in the order of the checks."""
    unknown = sorted(set(only) - set(_CHECKS))
    if unknown or not only:
        found = ", ".join(unknown) or "nothing"
        raise UsageError(f"--only names {found}; expected some of {', '.join(_CHECKS)}")
    return [name for name in _CHECKS if name in only]
