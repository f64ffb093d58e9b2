"""Find the columns that a picture is about, and the table or view that has them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loader.catalog.expressions import parse_expression
from loader.errors import UsageError

if TYPE_CHECKING:
    from loader.catalog.sqlfiles import Expression
    from loader.plotting.session import Session

__all__ = ["ColumnQuery", "find_columns", "find_query"]

_PREFERRED = ("eluc_state", "luc", "state", "eluc", "management", "transition", "cell")
"""Tables and views that are searched for columns first, in this order."""


@dataclass(frozen=True)
class ColumnQuery:
    """An expression of columns, and the table or view that has them.

    Attributes
    ----------
    text : str
        The expression as the user wrote it.
    expression : Expression
    relation : str
    """

    text: str
    expression: Expression
    relation: str


def find_columns(session: Session, text: str) -> tuple[Expression, str]:
    """Return an expression and the table or view that has its columns and years.

    Raises
    ------
    UsageError
        If it is not one scalar expression, or no table or view has all of its columns.
    """
    query = find_query(session, text, None, year=0)
    return query.expression, query.relation


def find_query(
    session: Session, text: str, relation: str | None, year: int | None = None
) -> ColumnQuery:
    """Find the columns of an expression: in `relation`, or else in the first that has them all.

    Without a year, the table cell is searched first.

    Raises
    ------
    UsageError
        As for `find_columns`, or if `relation` does not have the columns.
    """
    expression = parse_expression(session.con, text)
    if not expression.columns:
        raise UsageError(f"{text!r} names no column; a map shows columns, such as crop + urban")
    names = {name.lower() for name in expression.columns}
    having = {
        table: {column.lower() for column in columns}
        for table, columns in session.relations.items()
    }
    if relation is not None:
        if relation not in having:
            raise UsageError(
                f"--from is {relation!r}; expected one of {', '.join(having)}, which have cells"
            )
        if missing := sorted(names - having[relation]):
            raise UsageError(
                f"{relation} has no column {', '.join(missing)}; it has "
                f"{', '.join(session.relations[relation])}"
            )
        return ColumnQuery(text, expression, relation)
    # Properties without years are read from the table cell, which has all of the cells.
    for table in (*(["cell"] if year is None else []), *_PREFERRED, *having):
        if table in having and names <= having[table]:
            return ColumnQuery(text, expression, table)
    everything = sorted(set().union(*having.values()))
    nowhere = sorted(names - set(everything))
    if nowhere:
        near = difflib.get_close_matches(nowhere[0], everything)
        hint = (
            f"did you mean {' or '.join(near)}?"
            if near
            else f"eluc_state has {', '.join(session.relations['eluc_state'])}"
        )
        raise UsageError(f"no table or view has a column {', '.join(nowhere)}; {hint}")
    raise UsageError(f"no table or view has all of the columns {', '.join(sorted(names))}")
