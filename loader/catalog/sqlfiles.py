"""Find the files of sql/ and queries/, read their headers and render them.

Every statement is a file, a Jinja2 template. What users see has a header of comments::

    -- Title: ...
    -- Purpose: ...
    -- Units: ...
    -- Caveat: ...
    -- Source: ...
    -- Needs: objects that must exist before it, separated by commas, or none

The files of sql/statements, which only luc-load runs, begin with a plain comment instead.

What several files have in common are macros in sql/shared, which they import.

Nothing enters a statement but through the filters `identifier`, `literal` and `expression`: what is
written without one of them is an error, so no name or text from a file can become SQL. The filter
`expression` takes an `Expression` only: SQL of the user's that DuckDB parsed and wrote back.
Headers may depend on the loaded files too; the filter `comment` keeps what they quote on one line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import jinja2
from markupsafe import Markup

from loader.errors import SqlFileError

__all__ = [
    "HEADER",
    "Expression",
    "SqlFile",
    "comment",
    "creation_order",
    "embedded",
    "expression",
    "folder",
    "identifier",
    "literal",
    "parse_header",
    "read_file",
    "read_files",
    "render",
    "statement",
]

HEADER: tuple[str, ...] = ("Title", "Purpose", "Units", "Caveat", "Source", "Needs")
"""The fields of a header, in order; every header has all of them."""

_FIELD = re.compile(rf"^-- ({'|'.join(HEADER)}):(.*)$")


@dataclass(frozen=True)
class SqlFile:
    """One file of sql/ or queries/.

    Attributes
    ----------
    name : str
        The file's name without suffix: the name of the object that it creates.
    header : Mapping of str to str
        The fields of `HEADER`, each in one line; empty for a file of sql/statements.
    text : str
        The whole template.
    values : Mapping of str to object
        Variables of the template that are the file's own.
    """

    name: str
    header: Mapping[str, str]
    text: str
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def needs(self) -> tuple[str, ...]:
        """Objects that must exist before this one."""
        listed = self.header["Needs"]
        return () if listed == "none" else tuple(name.strip() for name in listed.split(","))


@dataclass(frozen=True)
class Expression:
    """One scalar expression over columns, without subqueries, as DuckDB's parser wrote it back.

    Only `loader.catalog.expressions.parse_expression` makes them.

    Attributes
    ----------
    text : str
        SQL, every operator in parentheses, without comments.
    columns : tuple of str
        The columns it names, in order of appearance, each once.
    is_sum : bool
        Whether it only adds and subtracts columns, and so has their unit.
    """

    text: str
    columns: tuple[str, ...]
    is_sum: bool


def folder(name: str) -> Traversable:
    """Return the folder `name` ("sql" or "queries") of the package, else of the repository.

    Raises
    ------
    SqlFileError
        If neither has it.
    """
    packaged = files("loader") / name
    repository = Path(__file__).resolve().parents[2] / name
    for place in (packaged, repository):
        if place.is_dir():
            return place
    raise SqlFileError(
        f"the folder {name} of luc-load is neither at {packaged} nor at {repository}; "
        "install luc-load again"
    )


def read_file(source: Traversable) -> SqlFile:
    """Read one file and its header.

    Raises
    ------
    SqlFileError
        If a field of the header is missing, empty or out of order.
    """
    text = source.read_text(encoding="utf-8")
    return SqlFile(source.name.removesuffix(".sql"), parse_header(text, str(source)), text)


def parse_header(text: str, where: str) -> dict[str, str]:
    """Read the header of a file or of what was rendered from it.

    Raises
    ------
    SqlFileError
        If a field is missing, empty or out of order; `where` names the file.
    """
    fields: dict[str, str] = {}
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        if match := _FIELD.match(line):
            current = match[1]
            fields[current] = match[2].strip()
        elif fields:
            fields[current] = f"{fields[current]} {line.removeprefix('--').strip()}".strip()
    if tuple(fields) != HEADER or not all(fields.values()):
        raise SqlFileError(
            f"{where}: the header has {', '.join(fields) or 'no fields'}; expected "
            f"{', '.join(HEADER)} in this order, none of them empty"
        )
    return fields


def read_files(name: str) -> dict[str, SqlFile]:
    """Read every .sql file of a folder such as "sql/views" or "queries", keyed by name."""
    return dict(_folder_files(name))


@cache
def _folder_files(name: str) -> dict[str, SqlFile]:
    # A build asks for the same folders many times; the files of an installed package stay.
    first, *rest = name.split("/")
    place = folder(first).joinpath(*rest)
    if not place.is_dir():
        raise SqlFileError(f"{place} is missing; install luc-load again")
    paths = sorted((item for item in place.iterdir() if item.name.endswith(".sql")), key=str)
    return {file.name: file for file in map(read_file, paths)}


def creation_order(available: Mapping[str, SqlFile]) -> tuple[str, ...]:
    """Order files so that each comes after those that its header names.

    Parameters
    ----------
    available : Mapping of str to SqlFile
        Files by name; objects they need that are not among them are assumed to exist.

    Raises
    ------
    SqlFileError
        If files depend on each other in a circle.
    """
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name in sorted(available):
        sorter.add(name, *(need for need in available[name].needs if need in available))
    try:
        return tuple(sorter.static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise SqlFileError(f"files of sql/ need each other in a circle: {circle}") from error


def identifier(name: str) -> Markup:
    """Quote a name so that DuckDB reads it as one name, whatever characters it has."""
    if not name or "\0" in name:
        raise SqlFileError(f"{name!r} cannot be a name in DuckDB")
    return Markup('"' + name.replace('"', '""') + '"')  # noqa: S704  quoted for SQL, not HTML


def literal(value: object) -> Markup:
    """Write a value as a SQL literal: text quoted, floats with an exponent, which makes DOUBLE."""
    match value:
        case None:
            text = "NULL"
        case bool():
            text = "TRUE" if value else "FALSE"
        case int():
            text = str(value)
        case float() if math.isfinite(value):
            text = repr(value) if "e" in repr(value) else f"{value!r}e0"
        case str() if "\0" not in value:
            text = "'" + value.replace("'", "''") + "'"
        case jinja2.Undefined():
            text = str(value)  # raises, and names the variable
        case _:
            raise SqlFileError(f"{value!r} cannot be written as a SQL literal")
    return Markup(text)  # noqa: S704  quoted for SQL, not HTML


def expression(value: object) -> Markup:
    """Write a parsed expression of the user; raise for any other value."""
    if not isinstance(value, Expression):
        raise SqlFileError(f"{value!r} is not a parsed expression")
    return Markup(value.text)  # noqa: S704  parsed SQL, not HTML


def comment(value: object) -> Markup:
    """Write text into a header: on one line, so that it cannot end the comment."""
    if isinstance(value, jinja2.Undefined):
        return Markup(str(value))  # noqa: S704  raises, and names the variable
    words = "".join(c if c.isprintable() else " " for c in str(value)).split()
    return Markup(" ".join(words))  # noqa: S704  one line of a comment, not HTML


def render(file: SqlFile, values: Mapping[str, object] | None = None) -> str:
    """Fill a file's template.

    Parameters
    ----------
    file : SqlFile
        The file to render.
    values : Mapping of str to object, optional
        The template's variables.

    Raises
    ------
    SqlFileError
        If the template uses an undefined variable, or writes one without a filter.
    """
    try:
        return _compiled(file.text).render({**file.values, **(values or {})})
    except jinja2.TemplateError as error:
        raise SqlFileError(f"{file.name}.sql: {error}") from error


def embedded(file: SqlFile, values: Mapping[str, object] | None = None) -> Markup:
    """Render a file to be written inside another: a rendered query, without its semicolon."""
    text = render(file, values).rstrip().removesuffix(";")
    return Markup(text)  # noqa: S704  rendered by our own rules


def statement(name: str, values: Mapping[str, object] | None = None) -> str:
    """Render the file `name` of sql/statements."""
    return render(_statement_file(name), values)


@cache
def _statement_file(name: str) -> SqlFile:
    source = folder("sql").joinpath("statements", f"{name}.sql")
    return SqlFile(name, {}, source.read_text(encoding="utf-8"))


@cache
def _compiled(text: str) -> jinja2.Template:
    # Every column has a comment: without the cache, compiling takes longer than all the rest.
    return _ENVIRONMENT.from_string(text)


def _only_filtered(value: object) -> object:
    # Markup is what the filters and {% set %} blocks return; anything else would be raw text.
    if not isinstance(value, Markup):
        filters = "identifier, literal or expression"
        raise SqlFileError(f"{value!r} is written without the filter {filters}")
    return value


def _shared(name: str) -> str | None:
    """Return a file of sql/shared: macros of Jinja2 that several files import."""
    place = folder("sql").joinpath("shared", name)
    return place.read_text(encoding="utf-8") if place.is_file() else None


def _environment(filters: Iterable[tuple[str, object]]) -> jinja2.Environment:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_only_filtered,
        loader=jinja2.FunctionLoader(_shared),
        keep_trailing_newline=True,
    )
    environment.filters.update(filters)
    return environment


_ENVIRONMENT = _environment(
    {
        "comment": comment,
        "expression": expression,
        "identifier": identifier,
        "literal": literal,
    }.items()
)
