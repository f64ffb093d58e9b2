"""Parse user expressions such as `crop + urban` with DuckDB before they are run.

One scalar expression is accepted: columns, constants, operators, CASE, casts, functions.
A subquery, a second statement, a FROM or a window is rejected by its node in the syntax tree, not
by searching the text for words. The text that runs is the one that DuckDB writes from that tree.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from loader.catalog.sqlfiles import Expression, statement
from loader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

__all__ = ["parse_expression", "syntax_nodes"]

_ALLOWED = {
    *("COLUMN_REF", "CONSTANT", "FUNCTION", "OPERATOR", "COMPARISON", "CONJUNCTION"),
    *("CASE", "CAST", "TYPE", "BETWEEN"),
}
"""Classes of expressions in DuckDB's syntax tree that compute a value and do nothing else."""

_CLAUSES = (
    *("modifiers", "where_clause", "group_expressions", "group_sets", "having", "qualify"),
    "sample",
)


def parse_expression(con: duckdb.DuckDBPyConnection, text: str) -> Expression:
    """Parse one scalar expression.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Any connection; the expression is not run.
    text : str
        SQL such as ``crop + urban``.

    Returns
    -------
    Expression

    Raises
    ------
    UsageError
        If it is not one scalar expression.
    """
    if not text.strip() or "\0" in text:
        raise UsageError(f"{text!r} is not an expression; expected columns, such as crop + urban")
    # On a separate line, so that a comment at its end cannot hide what follows.
    tree = json.loads(_run(con, "parse_expression", f"SELECT {text}\n"))
    if tree["error"]:
        reason = str(tree.get("error_message", "")).strip().rstrip("!")
        raise UsageError(
            f"{text!r} is not one SQL expression ({reason}); expected columns with operators and "
            "functions, such as crop + urban"
        )
    root = _only_expression(tree, text)
    nodes = list(syntax_nodes(root))
    for node in nodes:
        if node["class"] not in _ALLOWED:
            raise UsageError(
                f"{text!r} contains a {node['class'].lower()}; expected only columns, "
                "numbers, operators and functions of one row"
            )
    references = [node["column_names"][-1] for node in nodes if node["class"] == "COLUMN_REF"]
    functions = {node["function_name"] for node in nodes if node["class"] == "FUNCTION"}
    written = str(_run(con, "write_parsed", json.dumps(tree)))
    return Expression(
        written.removeprefix("SELECT ").rstrip("; \n"),
        tuple(dict.fromkeys(references)),
        {node["class"] for node in nodes} <= {"COLUMN_REF", "FUNCTION"} and functions <= {"+", "-"},
    )


def _only_expression(tree: dict[str, Any], text: str) -> dict[str, Any]:
    node = tree["statements"][0]["node"]
    plain = (
        len(tree["statements"]) == 1
        and node["type"] == "SELECT_NODE"
        and node["from_table"]["type"] == "EMPTY"
        and not node["cte_map"]["map"]
        and not any(node[clause] for clause in _CLAUSES)
        and len(node["select_list"]) == 1
        and not node["select_list"][0]["alias"]
    )
    if not plain:
        raise UsageError(
            f"{text!r} is more than one SQL expression; expected columns with operators and "
            "functions, such as crop + urban, without AS, FROM or a comma"
        )
    root: dict[str, Any] = node["select_list"][0]
    return root


def syntax_nodes(part: object) -> Iterator[dict[str, Any]]:
    """Yield the expressions of a part of DuckDB's syntax tree, each before those inside it."""
    if isinstance(part, dict):
        if "class" in part:
            yield part
        for value in part.values():
            yield from syntax_nodes(value)
    elif isinstance(part, list):
        for value in part:
            yield from syntax_nodes(value)


def _run(con: duckdb.DuckDBPyConnection, name: str, parameter: str) -> Any:  # noqa: ANN401  # DuckDB's
    return con.execute(statement(name), [parameter]).fetchall()[0][0]
