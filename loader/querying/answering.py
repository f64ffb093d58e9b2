"""Write the result of a query to a file or standard output, for `luc-load query`."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from loader.errors import UsageError
from loader.lanes import run_interruptibly
from loader.querying.diagnosis import (
    empty_reasons,
    is_synthetic,
    missing_sources,
    relations_of,
)
from loader.querying.formats import QUERY_FORMATS, choose_format, compressed
from loader.querying.output import STDOUT, is_terminal, opened
from loader.querying.questions import find_question, list_questions
from loader.querying.run import run
from loader.querying.session import session

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import duckdb
    import pyarrow as pa

    from loader.querying.points import Points
    from loader.querying.questions import Value
    from loader.querying.sinks import Sink
    from loader.reporting import Reporter

__all__ = ["answer", "question_lines"]

_TERMINAL_ROWS = 100
"""Rows shown on a terminal unless --rows gives another number."""


def question_lines() -> list[str]:
    """Return a line for every built-in query: its name, its title, its parameters."""
    questions = list_questions()
    width = max((len(question.name) for question in questions), default=0)
    lines = []
    for question in questions:
        parameters = f"  ({', '.join(sorted(question.parameters))})" if question.parameters else ""
        lines.append(f"{question.name:<{width}}  {question.title}{parameters}")
    return lines


def answer(
    database: str | os.PathLike[str],
    asked: str,
    parameters: Mapping[str, Value],
    reporter: Reporter,
    *,
    file_format: str | None = None,
    output: str = STDOUT,
    rows: int | None = None,
    overwrite: bool = False,
    points: Points | None = None,
) -> None:
    """Run a query and write its answer.

    Parameters
    ----------
    database : path
        The database file, or the folder that contains it.
    asked : str
        The name of a built-in query, a path ending in .sql, or SQL text.
    parameters : mapping of str to Value
    reporter : Reporter
        Receives notices, for example of rows or columns that were left out.
    file_format : {"table", "csv", "json", "parquet", "markdown"}, optional
        By default, the format of the suffix of `output`; a table on standard output.
    output : str
        A path, or "-" for standard output. A name that ends in .gz is compressed.
    rows : int, optional
        Largest number of rows to write. By default all; on a terminal 100.
    overwrite : bool
        Replace an existing file.
    points : path, optional
        CSV file of places, of a query that has the parameter `points`; see `read_points`.

    Raises
    ------
    UsageError, SourceError
        If the query, the database or the format is not valid.
    OutputError
        If the file exists or cannot be written.
    DatabaseError
        If DuckDB rejects the query.
    """
    chosen = choose_format(output, file_format, QUERY_FORMATS, "table")
    if rows is not None and rows < 0:
        raise UsageError(f"--rows is {rows}; expected 0 or more")
    on_terminal = is_terminal(output)
    limit = _TERMINAL_ROWS if rows is None and on_terminal else rows
    width = shutil.get_terminal_size().columns if on_terminal else None
    question = find_question(asked)
    values = question.with_points(parameters, points)

    if question.caveat and sys.stderr.isatty():
        reporter.notice(f"units: {question.units}")
        reporter.notice(f"caveat: {question.caveat}")

    def work(con: duckdb.DuckDBPyConnection) -> None:
        if is_synthetic(con):
            reporter.notice("the data are SYNTHETIC and say nothing about the Earth")
        for sentence in missing_sources(con, question.needs or relations_of(con, question.sql)):
            reporter.notice(sentence)
        # Both keep these values if the reader of standard output closes it.
        complete, count, sink = True, -1, None
        with opened(output, overwrite=overwrite) as file, compressed(file, output) as target:
            batches = run(con, question, values)
            sink = chosen.new_sink(target, batches.schema, width)
            complete, count = _write(batches, sink, limit)
            sink.close()
        if count == 0 and complete:
            reporter.notice(
                "; ".join(["the result has no rows", *empty_reasons(con, question.sql)])
            )
        if not complete:
            more = (
                "--rows N shows more, -o FILE writes all" if on_terminal else "--rows N shows more"
            )
            reporter.notice(f"only the first {limit:,} rows are shown; {more}")
        if left_out := getattr(sink, "left_out", None):
            reporter.notice(
                f"columns too wide for this terminal: {', '.join(left_out)}; --format csv shows all"
            )

    with session(database) as con:
        run_interruptibly(lambda: work(con), con.interrupt)


def _write(batches: pa.RecordBatchReader, sink: Sink, limit: int | None) -> tuple[bool, int]:
    """Write at most `limit` rows of the batches; return whether these are all, and their number."""
    left, count = limit, 0
    for batch in batches:
        if left is not None and batch.num_rows > left:
            if left:
                sink.write(batch.slice(0, left))
            return False, count + left
        sink.write(batch)
        count += batch.num_rows
        left = None if left is None else left - batch.num_rows
    return True, count
