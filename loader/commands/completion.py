"""Names that a shell completes: queries and their parameters, tables, columns, regions etc.

A shell waits for them at every press of the key: nothing slow is imported, and a failure completes
nothing.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

__all__ = [
    "complete_checks",
    "complete_columns",
    "complete_countries",
    "complete_parameters",
    "complete_queries",
    "complete_regions",
]

_Items = list[CompletionItem]


def complete_queries(_context: click.Context, _option: click.Parameter, start: str) -> _Items:
    """Complete built-in queries, and the views and tables that a query may name alone."""
    with suppress(Exception):
        from loader.catalog.sqlfiles import read_files  # noqa: PLC0415  # only when completing
        from loader.schema import META  # noqa: PLC0415  # as above

        return [
            CompletionItem(name, help=file.header["Title"])
            for folder in ("queries", "sql/views", "sql/tables")
            for name, file in read_files(folder).items()
            if name.startswith(start) and name not in META
        ]
    return []


def complete_columns(context: click.Context, _option: click.Parameter, start: str) -> _Items:
    """Complete columns of the table that the command line names so far, or of all tables.

    Of several columns separated by commas, each perhaps with a new name, the last is completed.
    """
    with suppress(Exception):
        from loader.commands.common import DATABASE  # noqa: PLC0415  # as above
        from loader.querying.session import session  # noqa: PLC0415  # as above
        from loader.storing.database import run_statement  # noqa: PLC0415  # as above

        with session(_given(context, "database") or DATABASE, with_tables=False) as con:
            rows = run_statement(con, "list_columns")
        table = _given(context, "what") or _given(context, "relation")
        of_table = {column for name, column, _ in rows if name == table}
        names = of_table or {column for _, column, _ in rows}
        # "eluc,time=ye" completes to "eluc,time=year".
        before = start[: max(start.rfind(","), start.rfind("=")) + 1]
        return _matching([f"{before}{name}" for name in sorted(names)], start)
    return []


def complete_countries(_context: click.Context, _option: click.Parameter, start: str) -> _Items:
    """Complete ISO 3166-1 codes, each with the name of the country."""
    with suppress(Exception):
        import pycountry  # noqa: PLC0415  # as above

        countries: Iterable[Any] = pycountry.countries
        word = start.lower()
        return [
            CompletionItem(country.alpha_3, help=country.name)
            for country in countries
            if country.alpha_3.lower().startswith(word) or country.name.lower().startswith(word)
        ]
    return []


def complete_regions(context: click.Context, _option: click.Parameter, start: str) -> _Items:
    """Complete layers of the database, and after a slash the regions of the layer."""
    with suppress(Exception):
        from loader.commands.common import DATABASE  # noqa: PLC0415  # as above
        from loader.querying.session import session  # noqa: PLC0415  # as above
        from loader.storing.database import run_statement  # noqa: PLC0415  # as above

        layer, slash, _ = start.partition("/")
        with session(_given(context, "database") or DATABASE, with_tables=False) as con:
            if not slash:
                return _matching(
                    [f"{name}/" for (name,) in run_statement(con, "list_layers")], start
                )
            rows = run_statement(con, "list_regions", {"layer": layer.lower()})
        names = sorted(f"{layer}/{row[3]}" for row in rows if row[5])
        return [CompletionItem(name) for name in names if name.lower().startswith(start.lower())]
    return []


def complete_parameters(context: click.Context, option: click.Parameter, start: str) -> _Items:
    """Complete the names of the parameters of the query, and the values of `region`."""
    with suppress(Exception):
        from loader.querying.questions import find_question  # noqa: PLC0415  # as above

        name, equals, value = start.partition("=")
        if not equals:
            asked = _given(context, "question") or _given(context, "what")
            return _matching([f"{one}=" for one in find_question(asked).parameters], start)
        if name == "region":
            regions = complete_regions(context, option, value)
            return [CompletionItem(f"region={item.value}") for item in regions]
    return []


def complete_checks(_context: click.Context, _option: click.Parameter, start: str) -> _Items:
    """Complete the last of several names of checks, separated by commas."""
    with suppress(Exception):
        from loader.checking.check import check_names  # noqa: PLC0415  # as above

        before, comma, _ = start.rpartition(",")
        return _matching([f"{before}{comma}{name}" for name in check_names()], start)
    return []


def _given(context: click.Context, name: str) -> Any:  # noqa: ANN401  # a value of click's
    """Return the value of an option or argument before the word to complete.

    Where that word is the value of an option, click leaves the arguments before it unassigned.
    """
    arguments = [one.name for one in context.command.params if one.param_type_name == "argument"]
    unassigned = dict(zip(arguments, context.args, strict=False))
    return unassigned.get(name) or context.params.get(name)


def _matching(names: Iterable[str], start: str) -> _Items:
    return [CompletionItem(name) for name in names if name.startswith(start)]
