"""What all commands share: common options, and the reporter of progress and notices."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any, TypeVar

import click

from loader._version import __version__
from loader.errors import UsageError
from loader.names import checked_argument
from loader.schema import STATIC, listed_sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from loader.schema import Source
    from loader.terminal import TerminalReporter

    Decorated = TypeVar("Decorated", bound=Callable[..., Any])

__all__ = [
    "DATABASE",
    "PATH",
    "Command",
    "Group",
    "database_limits",
    "source_names",
    "source_options",
    "storage_options",
    "take_sources",
    "talkative",
    "terminal_reporter",
    "verbosity",
    "version",
]


class Command(click.Command):
    """A command that rejects a repeated option of one value: the last must not win silently."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments.

        Raises
        ------
        click.UsageError
            If an option that takes one value is given twice.
        """
        if not ctx.resilient_parsing:
            _, _, order = self.make_parser(ctx).parse_args(args=list(args))
            seen: set[str | None] = set()
            for option in order:
                if not isinstance(option, click.Option) or not _takes_one_value(option):
                    continue
                if option.name in seen:
                    name = max(option.opts, key=len)
                    raise click.UsageError(
                        f"{name} is given more than once; it takes one value", ctx
                    )
                seen.add(option.name)
        return super().parse_args(ctx, args)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command


def _takes_one_value(option: click.Option) -> bool:
    return not (option.is_flag or option.multiple or option.count)


class _Path(click.Path):
    """A path or address; whether it exists and can be read is not a question of usage."""

    def __init__(self) -> None:
        super().__init__(path_type=str, readable=False)

    def split_envvar_value(self, rv: str) -> list[str]:
        """Split the value of an environment variable at ":", as in PATH, but not in addresses."""
        if os.path.exists(rv):  # noqa: PTH110  # any text
            return [rv]
        return [path for path in re.split(r":(?!//)", rv) if path]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401  # click's own
        """Return the path, which must be UTF-8."""
        try:
            checked_argument(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)
        return super().convert(value, param, ctx)


PATH = _Path()
"""The type of options and arguments that name a file, a folder or an address."""

DATABASE = "luc-data/luc.duckdb"
"""The database that a command reads when none is named."""


def source_options(
    describe: Callable[[Source], str],
    *,
    repeatable: bool = False,
    **settings: Any,  # noqa: ANN401  # click's own
) -> Callable[[Decorated], Decorated]:
    """Add an option for each source of the registry.

    Parameters
    ----------
    describe : callable
        Returns the help text of a source's option.
    repeatable : bool
        Whether options of sources with years may be given several times.
    **settings : object
        What all of these options have in common.
    """

    def add(command: Decorated) -> Decorated:
        for source in reversed((*listed_sources(), STATIC)):
            option = click.option(
                f"--{source.name}",
                help=describe(source),
                multiple=repeatable and source is not STATIC,
                **settings,
            )
            command = option(command)
        return command

    return add


def source_names() -> str:
    """Return the names of all sources for a help text."""
    return ", ".join(source.name for source in (*listed_sources(), STATIC))


def take_sources(options: dict[str, Any]) -> dict[str, Any]:
    """Remove the values of `source_options` from the options of a command, and return them."""
    sources = (*listed_sources(), STATIC)
    # An option that may be repeated is an empty tuple if it is not given.
    given = {source.name: options.pop(source.name) for source in sources}
    return {name: None if value == () else value for name, value in given.items()}


storage_options = click.option(
    "--storage-options", metavar="JSON", help="fsspec options for a Parquet dataset at an address."
)

version = click.version_option(__version__, prog_name="luc-load")

_verbosity = 0


def talkative(command: Decorated) -> Decorated:
    """Add the options that every command has: quiet, verbose, version."""
    quiet = click.option("-q", "--quiet", is_flag=True, help="Print only errors to standard error.")
    verbose = click.option(
        "-v",
        "--verbose",
        count=True,
        show_default=False,
        callback=_note_verbosity,
        help="Print more to standard error; -vv adds tracebacks.",
    )
    return quiet(verbose(version(command)))


def database_limits(command: Decorated) -> Decorated:
    """Add the options of what DuckDB may use: workers, memory_limit."""
    workers = click.option(
        "--workers",
        type=click.IntRange(min=1),
        metavar="N",
        help="Number of threads of DuckDB.  [default: one per core]",
    )
    memory = click.option(
        "--memory-limit",
        metavar="SIZE",
        help="Upper limit of the memory of DuckDB.  [default: 1GiB]",
    )
    return workers(memory(command))


def verbosity() -> int:
    """Return how many times -v was given."""
    return _verbosity


def terminal_reporter(*, quiet: bool, verbose: int) -> TerminalReporter:
    """Return the reporter of a command on standard error."""
    from loader.terminal import TerminalReporter  # noqa: PLC0415  # --help must be quick

    return TerminalReporter(sys.stderr, -1 if quiet else verbose)


def _note_verbosity(_context: click.Context, _option: click.Parameter, value: int) -> int:
    global _verbosity  # noqa: PLW0603  # the one thing that `main` must know of a failed command
    _verbosity = value
    return value
