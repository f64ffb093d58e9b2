"""Run a query in an open session and return its result as Arrow, in batches or as one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from loader.catalog.products import products_of
from loader.catalog.sqlfiles import statement
from loader.errors import DatabaseError, UsageError
from loader.querying.questions import Question, find_question
from loader.querying.regions import find_region
from loader.querying.session import session, translated
from loader.storing.database import run_statement

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from loader.querying.points import Points
    from loader.querying.questions import Value

__all__ = ["BATCH_ROWS", "ask", "read_batches", "run"]

BATCH_ROWS = 65_536
"""Rows of a batch of a result."""

_STREAMS = int(duckdb.__version__.split(".")[0]) >= 2
"""DuckDB 1.5 hangs when it streams a union of full joins, such as eluc_state without series."""

_ANSWERING = frozenset({"SELECT", "EXPLAIN", "MULTI", "RELATION"})
"""Kinds of statements that may give the result. The session is read-only for every kind; this
list only makes the error message clearer. MULTI is how DuckDB 2.0 names a PIVOT."""

_SETTING = frozenset({"SET", "VARIABLE_SET"})


def ask(
    database: str | os.PathLike[str],
    question: str,
    parameters: Mapping[str, Value] | None = None,
    points: Points | None = None,
) -> pa.Table:
    """Run a read-only query and return its complete result.

    Parameters
    ----------
    database : path
        The database file, or the folder that contains it.
    question : str
        The name of a built-in query, a path ending in .sql, or SQL text.
    parameters : mapping of str to Value, optional
        Variables that the SQL reads with getvariable().
    points : path, DataFrame or iterable of mappings, optional
        Places, of a query that has the parameter `points`; see `read_points`.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    UsageError, SourceMissingError, SourceError
        If there is no such query, parameter, file or database.
    DatabaseError
        If DuckDB rejects the SQL, or it does more than read.
    """
    asked = find_question(question)
    values = asked.with_points(parameters or {}, points)
    with session(database) as con:
        return run(con, asked, values).read_all()


def run(
    con: duckdb.DuckDBPyConnection,
    question: Question,
    parameters: Mapping[str, Value] | None = None,
) -> pa.RecordBatchReader:
    """Run a query and return its answer in batches.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        A session of `loader.querying.session`; run nothing else on it until the result is read.
    question : Question
    parameters : mapping of str to Value, optional

    Returns
    -------
    pyarrow.RecordBatchReader
        Batches of at most `BATCH_ROWS` rows. Before DuckDB 2.0 the complete result is in memory.

    Raises
    ------
    UsageError
        If there is no such parameter.
    DatabaseError
        If DuckDB rejects the SQL, if it does more than read, or if it returns no result or
        several.
    """
    bound = question.bind(parameters or {})
    if question.is_built_in and (named := bound.get("region")) is not None:
        # They compare layer and name; people also write codes and other names of countries.
        bound["region"] = find_region(con, str(named), "the parameter region").path
    if question.is_built_in and (product := bound.get("product")) is not None:
        bound["product"] = _find_product(con, str(product))
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
            if any(map(_has_interval, map(str, rows.schema.types))):
                rows = _intervals_as_text(con.sql(last.query)).to_arrow_table()
            return rows.to_reader(BATCH_ROWS)
        return read_batches(con, last.query)


def _find_product(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """Return the column of eluc that holds a product of emissions.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    columns = [row[1] for row in run_statement(con, "list_columns") if row[0] == "eluc"]
    products = [one.column for one in products_of(columns)]
    if name.lower() in products:
        return name.lower()
    raise UsageError(
        f"the parameter product is {name!r}, which is not a column of eluc; it has "
        f"{', '.join(products)}"
    )


def read_batches(
    con: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object] = ()
) -> pa.RecordBatchReader:
    """Return the result of one statement in batches of at most `BATCH_ROWS` rows."""
    relation = con.sql(sql, params=list(parameters)) if parameters else con.sql(sql)
    batches: pa.RecordBatchReader = _intervals_as_text(relation).to_arrow_reader(BATCH_ROWS)
    return batches


def _intervals_as_text(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Return a relation whose intervals are text: Arrow's nanoseconds overflow after 292 years."""
    types = [str(kind) for kind in relation.types]
    if not any(map(_has_interval, types)):
        return relation
    columns = [duckdb.ColumnExpression(name) for name in relation.columns]
    return relation.select(
        *(
            column.cast(duckdb.type("VARCHAR")).alias(name) if _has_interval(kind) else column
            for name, column, kind in zip(relation.columns, columns, types, strict=True)
        )
    )


def _has_interval(kind: str) -> bool:
    return "interval" in kind.lower()


def _checked(question: Question, statements: Sequence[duckdb.Statement]) -> duckdb.Statement:
    """Return the one statement that gives the result.

    Raises
    ------
    DatabaseError
        If there is none or more than one, or if a statement does more than read.
    """
    if not statements:
        raise DatabaseError(f"{question.name}: contains no SQL statement")
    for position, one in enumerate(statements):
        kind = _kind(one)
        is_last = position == len(statements) - 1
        # DuckDB 1.5 makes two statements without a text of a PIVOT; the first creates its columns.
        if kind in _SETTING or (kind == "CREATE" and not one.query):
            continue
        if kind not in _ANSWERING:
            raise DatabaseError(
                f"{question.name}: {kind} is not a query; a query only reads (SELECT, FROM, WITH, "
                "PIVOT, DESCRIBE, SUMMARIZE, SHOW, EXPLAIN), and SET VARIABLE may come before it"
            )
        if not is_last:
            raise DatabaseError(
                f"{question.name}: more than one of its statements returns rows; run them one by "
                "one (only SET VARIABLE may come before the query)"
            )
    if _kind(statements[-1]) not in _ANSWERING:
        raise DatabaseError(f"{question.name}: its last statement returns no rows")
    return statements[-1]


def _kind(one: duckdb.Statement) -> str:
    try:
        return one.type.name
    except (ValueError, duckdb.Error):
        # UPDATE EXTENSIONS has no name in Python.
        return "this statement"
