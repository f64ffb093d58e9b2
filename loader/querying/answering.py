"""Answer a question into a file or on standard output: what `luc-load query` does."""

from __future__ import annotations

import shutil
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO

from loader.errors import UsageError
from loader.pipeline import aside
from loader.querying.formats import MACHINE_FORMATS
from loader.querying.output import STDOUT, is_terminal, opened
from loader.querying.questions import find_question, list_questions
from loader.querying.run import run
from loader.querying.session import session
from loader.querying.text import MarkdownSink, TableSink

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import duckdb
    import pyarrow as pa

    from loader.querying.formats import Sink
    from loader.querying.questions import Value
    from loader.reporting import Reporter

__all__ = ["FORMATS", "answer", "question_lines"]

FORMATS = ("table", "csv", "json", "parquet", "markdown")

_SUFFIXES = {
    ".csv": "csv",
    ".json": "json",
    ".parquet": "parquet",
    ".md": "markdown",
    ".txt": "table",
}

_TERMINAL_ROWS = 100
"""Rows shown on a terminal unless told otherwise."""


def question_lines() -> list[str]:
    """Return a line for every query of queries/: its name, its title, its parameters."""
    questions = list_questions()
    width = max((len(question.name) for question in questions), default=0)
    lines = []
    for question in questions:
        told = f"  ({', '.join(question.parameters)})" if question.parameters else ""
        lines.append(f"{question.name:<{width}}  {question.title}{told}")
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
) -> None:
    """Ask a database something and write the answer.

    Parameters
    ----------
    database : path
        The file, or the folder it lies in.
    asked : str
        A name of queries/, a path ending in .sql, or SQL text.
    parameters : mapping of str to Value
    reporter : Reporter
        Told of rows or columns that were not shown.
    file_format : {"table", "csv", "json", "parquet", "markdown"}, optional
        By the suffix of `output` if not given; a table where that says nothing.
    output : str
        A path, or "-" for standard output.
    rows : int, optional
        Rows to write; all if not given, but 100 of a table on a terminal.
    overwrite : bool
        Replace an existing file.

    Raises
    ------
    UsageError, SourceError
        If the question or the database is not what it must be.
    OutputError
        If the file exists or cannot be written.
    DatabaseError
        If DuckDB refuses the question.
    """
    chosen = file_format or _SUFFIXES.get(PurePath(output).suffix.lower(), "table")
    if chosen == "parquet" and is_terminal(output):
        raise UsageError("Parquet on a terminal is no use; add -o FILE")
    if rows is not None and rows < 0:
        raise UsageError(f"--rows is {rows}; expected 0 or more")
    limit = rows
    if limit is None and chosen == "table" and is_terminal(output):
        limit = _TERMINAL_ROWS
    question = find_question(asked)

    def work(con: duckdb.DuckDBPyConnection) -> None:
        # Both are unknown where whoever read standard output went away.
        complete, sink = True, None
        with opened(output, overwrite=overwrite) as file:
            batches = run(con, question, parameters)
            sink = _sink(chosen, file, batches.schema, output)
            complete = _write(batches, sink, limit)
            sink.close()
        if not complete:
            reporter.notice(f"the first {limit:,} rows are shown; --rows N shows more")
        if left_out := getattr(sink, "left_out", None):
            reporter.notice(
                f"columns too wide for this terminal: {', '.join(left_out)}; --format csv has all"
            )

    with session(database) as con:
        aside(lambda: work(con), con.interrupt)


def _sink(chosen: str, file: BinaryIO, schema: pa.Schema, output: str) -> Sink:
    if chosen in MACHINE_FORMATS:
        return MACHINE_FORMATS[chosen](file, schema)
    if chosen == "markdown":
        return MarkdownSink(file, schema)
    width = shutil.get_terminal_size().columns if is_terminal(output) else None
    return TableSink(file, schema, width)


def _write(batches: pa.RecordBatchReader, sink: Sink, limit: int | None) -> bool:
    """Write the batches, `limit` rows at most; return whether that was all."""
    left = limit
    for batch in batches:
        if left is not None and batch.num_rows > left:
            if left:
                sink.write(batch.slice(0, left))
            return False
        sink.write(batch)
        left = None if left is None else left - batch.num_rows
    return True
