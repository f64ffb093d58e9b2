"""Comment on tables, views, macros and columns, and fill the table data_dictionary."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from loader.catalog.dictionary import Entry, column_entry, glossary
from loader.catalog.execute import execute_sql
from loader.catalog.sqlfiles import SqlFile, parse_header, statement
from loader.schema import schema_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from loader.catalog.context import SchemaContext

__all__ = ["comment_on", "document_columns", "object_kind"]

_SCHEMA_TABLE = itemgetter(0, 1)


def object_kind(kind: str, sql: str) -> str:
    """Return the kind as COMMENT ON and DROP name it; `kind` is TABLE, VIEW or MACRO."""
    return "MACRO TABLE" if kind == "MACRO" and "AS TABLE" in sql else kind


def comment_on(
    con: duckdb.DuckDBPyConnection, kind: str, name: str, sql: str, schema: str | None = None
) -> None:
    """Comment on an object with the header of the SQL that created it.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Open for writing.
    kind : str
        TABLE, VIEW or MACRO.
    name, sql : str
        The object, and the rendered file that created it.
    schema : str, optional
        Where the object is, if not where its name has its place.

    Raises
    ------
    DatabaseError
        If DuckDB fails.
    """
    header = parse_header(sql, name)
    text = f"{header['Title']}: {header['Purpose']}. Units: {header['Units']}."
    text = f"{text} Caveat: {header['Caveat']}. Source: {header['Source']}."
    exact = object_kind(kind, sql)
    values = {"kind": exact, "schema": schema or schema_of(name), "name": name, "text": text}
    execute_sql(con, statement("comment_on", values), name)


def document_columns(
    con: duckdb.DuckDBPyConnection, context: SchemaContext, files: Mapping[str, SqlFile]
) -> None:
    """Comment on the columns of tables and views, and fill `data_dictionary`.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Open for writing; its current database has the objects.
    context : SchemaContext
        The variables of the build.
    files : Mapping of str to SqlFile
        The files of the tables and views, by name; other objects are left out.

    Raises
    ------
    DatabaseError
        If DuckDB fails.
    """
    own = glossary()
    rows = []
    listed = execute_sql(con, statement("list_all_columns"), "data_dictionary")
    # All comments of a table at once: one call for each column took a tenth of a small build.
    for (schema, table), columns in groupby(sorted(listed, key=_SCHEMA_TABLE), _SCHEMA_TABLE):
        if table not in files:
            continue
        scopes = _scopes(table, files, context)
        comments = []
        for _, _, column, data_type in columns:
            entry = column_entry(table, column, scopes, own)
            comments.append({"name": column, "text": entry.comment})
            if schema == "main":
                described = (entry.unit, entry.description, entry.source)
                rows.append((table, column, data_type, *described))
        values = {"schema": schema, "table": table, "columns": comments}
        execute_sql(con, statement("comment_on_columns", values), table)
    lists = [list(values) for values in zip(*rows, strict=True)]
    execute_sql(con, statement("fill_data_dictionary"), "data_dictionary", lists)


def _scopes(
    table: str, files: Mapping[str, SqlFile], context: SchemaContext
) -> list[dict[str, Entry]]:
    """Return the variables that a table or view can have: its own or those of tables it reads."""
    reached, waiting = set[str](), [table]
    while waiting:
        name = waiting.pop()
        if name in files and name not in reached:
            reached.add(name)
            waiting.extend(files[name].needs)
    # ELUC first: its table has one fixed column, which a variable of the states cannot displace.
    gridded = [context.entries[name] for name in sorted(reached & set(context.entries))]
    if "variables[" in files[table].text:
        return gridded
    # A view that lists its columns has only these variables, even if a file has one named `date`.
    emissions = (one.column for one in context.emissions)
    picked = {*emissions, *context.land_uses.fractions}
    return [
        {column: entry for column, entry in entries.items() if column in picked}
        for entries in gridded
    ]
