"""Queries: the built-in ones, SQL files and SQL text, and their parameters."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loader.catalog.objectfiles import object_files
from loader.catalog.sqlfiles import read_files
from loader.errors import SourceError, SourceMissingError, UsageError
from loader.querying.points import read_points
from loader.schema import META

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from loader.querying.points import Points

__all__ = ["Question", "Value", "find_question", "list_questions", "parse_parameters"]

Value = bool | int | float | str | dt.date | list[dict[str, str | float]]
"""Types of a parameter; a list is one of places."""

_USED = re.compile(r"getvariable\(\s*'(\w+)'\s*\)", re.IGNORECASE)
_SET = re.compile(r"SET\s+VARIABLE\s+\"?(\w+)", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_WORDS = {"true": True, "false": False}


@dataclass(frozen=True)
class Question:
    """SQL to run, with its parameters.

    Attributes
    ----------
    name : str
        The name of a built-in query, the path of the file, or "the SQL text".
    title : str
        A short description of the result; empty unless the query is built in.
    sql : str
        One or several statements; the last one gives the result.
    units, caveat : str
        From the header; empty unless the query is built in.
    needs : tuple of str
        The tables, views and macros that it reads, from the header.
    """

    name: str
    title: str
    sql: str
    units: str = ""
    caveat: str = ""
    needs: tuple[str, ...] = ()

    @property
    def is_built_in(self) -> bool:
        """Whether it is a file of queries/."""
        return bool(self.title)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The variables that the SQL reads and does not set itself, in the order of their use."""
        code = _COMMENT.sub("", self.sql)
        own = {name.lower() for name in _SET.findall(code)}
        used = dict.fromkeys(_USED.findall(code))
        return tuple(name for name in used if name.lower() not in own)

    def with_points(self, values: Mapping[str, Value], points: Points | None) -> dict[str, Value]:
        """Return parameters with places, which are the parameter `points`.

        Raises
        ------
        UsageError
            If the query has no such parameter, or it is set already.
        """
        if points is None:
            return dict(values)
        if "points" not in self.parameters:
            raise UsageError(f"{self.name} takes no points; the query points does")
        if "points" in values:
            raise UsageError("points is set twice")
        return {**values, "points": [vars(point) for point in read_points(points)]}

    def bind(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return values by the full names of the parameters.

        Parameters
        ----------
        values : mapping of str to Value
            A name may be abbreviated, such as `lat`, if only one parameter begins with it.

        Raises
        ------
        UsageError
            If there is no such parameter, or one is set twice.
        """
        bound: dict[str, Value] = {}
        for name, value in values.items():
            full = self._full_name(name)
            if full in bound:
                raise UsageError(f"the parameter {full} of {self.name} is set twice")
            bound[full] = value
        return bound

    def _full_name(self, name: str) -> str:
        known = self.parameters
        if name in known:
            return name
        begun = [parameter for parameter in known if parameter.startswith(name)]
        if len(begun) == 1 and name:
            return begun[0]
        has = f"it has {', '.join(known)}" if known else "it has none"
        raise UsageError(f"{self.name} has no parameter {name!r}; {has}")


def list_questions() -> tuple[Question, ...]:
    """Return every built-in query, by name."""
    return tuple(
        Question(
            name,
            file.header["Title"],
            file.text,
            file.header["Units"],
            file.header["Caveat"],
            file.needs,
        )
        for name, file in read_files("queries").items()
    )


def find_question(question: str) -> Question:
    """Return a query from the name of a built-in query, table or view, a .sql path, or SQL text.

    Raises
    ------
    UsageError
        If it is a single word and not the name of a built-in query, table or view.
    SourceMissingError
        If it ends in .sql and the file does not exist.
    SourceError
        If the file cannot be read.
    """
    known = {question.name: question for question in list_questions()}
    text = question.strip()
    if text in known:
        return known[text]
    relations = _relations()
    if text.lower() in relations:
        return Question(text.lower(), "", f'FROM "{text.lower()}"')
    # A path; one that does not exist may still name a built-in query.
    if text.lower().endswith(".sql") and len(text.split("\n")) == 1:
        path = Path(text)
        if not path.exists() and path.name == text and path.stem in known:
            return known[path.stem]
        return Question(text, "", _read(path))
    if not text:
        raise UsageError(
            "the query is empty; luc-load query without arguments lists the built-in queries"
        )
    # A single word is no SQL statement: a misspelt name.
    if len(text.split()) == 1 and not text.endswith(";"):
        near = difflib.get_close_matches(text, [*known, *relations], n=3)
        hint = (
            f"did you mean {' or '.join(near)}?"
            if near
            else "luc-load query without arguments lists the built-in queries"
        )
        raise UsageError(f"there is no query, table or view {text!r}; {hint}")
    return Question("the SQL text", "", question)


def _relations() -> list[str]:
    """Return the tables and views that a database may have, without those of the schema meta."""
    objects = [*object_files("sql/tables"), *object_files("sql/views")]
    return [name for name in objects if name not in META]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SourceMissingError(str(path), "there is no such SQL file") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SourceError(str(path), f"cannot be read as SQL ({reason})") from error


def parse_parameters(parameters: Iterable[str]) -> dict[str, Value]:
    """Parse parameters written NAME=VALUE.

    Examples
    --------
    >>> parse_parameters(["lat=51.5", "since=1990-01-01", "place=London", "code='008'"])
    {'lat': 51.5, 'since': datetime.date(1990, 1, 1), 'place': 'London', 'code': '008'}

    Raises
    ------
    UsageError
        If there is no "=", or a name is repeated.
    """
    values: dict[str, Value] = {}
    for text in parameters:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            raise UsageError(f"--param {text!r} is not NAME=VALUE; for example lat=51.5")
        if name in values:
            raise UsageError(f"--param {name} is set twice")
        values[name] = _parse_value(value.strip())
    return values


def _parse_value(text: str) -> Value:
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1]
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _NUMBER.fullmatch(text):
        with suppress(ValueError):
            return int(text)
        return float(text)
    with suppress(ValueError):
        return dt.date.fromisoformat(text)
    return text
