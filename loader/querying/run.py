"""Run a question on an open session and give its answer as Arrow, in pieces or whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from loader.catalog.sqlfiles import statement
from loader.errors import DatabaseError
from loader.querying.questions import Question, find_question
from loader.querying.session import session, translated

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from loader.querying.questions import Value

__all__ = ["BATCH_ROWS", "ask", "read_batches", "run"]

BATCH_ROWS = 65_536
"""Rows of a piece of an answer."""

_STREAMS = int(duckdb.__version__.split(".")[0]) >= 2
"""DuckDB 1.5 never ends when it streams a union of full joins, as eluc_state is."""

_TELLING = frozenset({"SELECT", "EXPLAIN", "PRAGMA", "CALL", "MULTI", "RELATION"})
_SETTING = frozenset({"SET", "VARIABLE_SET"})


def ask(
    database: str | os.PathLike[str], question: str, parameters: Mapping[str, Value] | None = None
) -> pa.Table:
    """Ask a database something, read-only, and return the whole answer.

    Parameters
    ----------
    database : path
        The file, or the folder it lies in.
    question : str
        A name of queries/, a path ending in .sql, or SQL text.
    parameters : mapping of str to Value, optional
        Variables that the SQL reads with getvariable().

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    UsageError, SourceMissingError, SourceError
        If there is no such query, file, parameter or database.
    DatabaseError
        If DuckDB refuses the SQL, or it would change anything.
    """
    with session(database) as con:
        return run(con, find_question(question), parameters).read_all()


def run(
    con: duckdb.DuckDBPyConnection,
    question: Question,
    parameters: Mapping[str, Value] | None = None,
) -> pa.RecordBatchReader:
    """Run a question and return its answer as it comes.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Of `loader.querying.session`; nothing else may run on it until the answer is read.
    question : Question
    parameters : mapping of str to Value, optional

    Returns
    -------
    pyarrow.RecordBatchReader
        Batches of at most `BATCH_ROWS` rows. With DuckDB before 2.0 the answer is held in memory.

    Raises
    ------
    UsageError
        If there is no such parameter.
    DatabaseError
        If DuckDB refuses, if a statement would change anything, or if there is not one answer.
    """
    bound = question.bind(parameters or {})
    with translated(question.name):
        statements = con.extract_statements(question.sql)
    last = _checked(question, statements)
    for name, value in bound.items():
        with translated(f"{question.name}: the parameter {name}"):
            con.execute(statement("set_variable", {"name": name}), [value]).fetchall()
    with translated(question.name):
        for earlier in statements[:-1]:
            con.execute(earlier).fetchall()
        if not _STREAMS:
            rows: pa.Table = con.execute(last).to_arrow_table()
            return rows.to_reader(BATCH_ROWS)
        return read_batches(con, last.query)


def read_batches(
    con: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object] = ()
) -> pa.RecordBatchReader:
    """Return the answer of one statement as it comes, in batches of at most `BATCH_ROWS` rows."""
    relation = con.sql(sql, params=list(parameters)) if parameters else con.sql(sql)
    batches: pa.RecordBatchReader = relation.to_arrow_reader(BATCH_ROWS)
    return batches


def _checked(question: Question, statements: Sequence[duckdb.Statement]) -> duckdb.Statement:
    """Return the one statement that answers; refuse any that would change something."""
    if not statements:
        raise DatabaseError(f"{question.name}: holds no statement")
    for position, one in enumerate(statements):
        kind = one.type.name
        is_last = position == len(statements) - 1
        # DuckDB 1.5 makes two statements without a text of a PIVOT; the first creates its columns.
        if kind in _SETTING or (kind == "CREATE" and not one.query):
            continue
        if kind not in _TELLING:
            raise DatabaseError(
                f"{question.name}: {kind} would change something or reach other files; a database "
                "is asked read-only (SELECT, SET VARIABLE, EXPLAIN, DESCRIBE, SUMMARIZE)"
            )
        if not is_last:
            raise DatabaseError(
                f"{question.name}: more than one of its statements has an answer; ask them one "
                "by one (SET VARIABLE may come before)"
            )
    if statements[-1].type.name not in _TELLING:
        raise DatabaseError(f"{question.name}: its last statement has no answer")
    return statements[-1]
