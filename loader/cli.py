"""The command line: the group of all commands, and how a run ends."""

from __future__ import annotations

import select
import sys
import traceback
from typing import NoReturn

import click

from loader.commands.build import build
from loader.commands.check import check
from loader.commands.clean import clean
from loader.commands.common import verbosity, version
from loader.commands.export import export
from loader.commands.fetch import fetch
from loader.commands.info import info
from loader.commands.plot import plot
from loader.commands.query import query
from loader.commands.report import report
from loader.commands.sample import sample
from loader.errors import LucLoadError
from loader.stopping import Stopped, describe, ignore_signals, received_signal, stop_at_once
from loader.text import shown

__all__ = ["commands", "main"]

_CONTEXT = {
    "help_option_names": ["-h", "--help"],
    "auto_envvar_prefix": "LUC_LOAD",
    "max_content_width": 100,
}


class _ReaderLeftError(Exception):
    """Standard output was closed before its end."""


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        """Run a command; click itself would end a closed pipe with the code of a failed check."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            # Connections to a cluster or a store break with the same error.
            if _reader_left():
                raise _ReaderLeftError from error
            raise


@click.group(cls=_Commands, context_settings=_CONTEXT)
@version
def commands() -> None:
    """Load gridded land-use change data into Parquet and one DuckDB file.

    The sources are BLUE's emissions from land-use change (ELUC) and LUH2's land use, as netCDF.
    Every option can also be set as LUC_LOAD_<COMMAND>_<OPTION>.

    Exit codes: 0 done, 1 failed, 2 usage, 3 an input is missing or not what it must be,
    130 interrupted, 143 terminated.
    """


for _command in (build, sample, fetch, info, check, clean, query, export, plot, report):
    commands.add_command(_command)


def main() -> NoReturn:
    """Run the command line and exit with the code that the outcome has."""
    stop_at_once()
    try:
        commands.main(prog_name="luc-load", standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except _ReaderLeftError:
        # It has enough of our output: not worth a word.
        sys.stderr.close()
        sys.exit(0)
    except (Stopped, Exception) as error:  # noqa: BLE001  # what it is decides the exit code
        _fail(error)
    sys.exit(0)


def _reader_left() -> bool:
    """Return whether standard output is a pipe that nobody reads any more."""
    poll = select.poll()
    poll.register(1, 0)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))


def _fail(error: BaseException) -> NoReturn:
    if verbosity() >= 2:
        traceback.print_exc()
    number = received_signal()
    if number is not None:
        ignore_signals()
        message, code = describe(number), number + 128
    elif isinstance(error, click.ClickException):
        error.show()
        sys.exit(error.exit_code)
    elif isinstance(error, LucLoadError):
        message, code = str(error), error.exit_code
    elif isinstance(error, MemoryError):
        message, code = "memory ran out; lower --memory-limit or close other programs", 1
    elif isinstance(error, RuntimeError) and "start new thread" in str(error):
        found = "memory or the number of processes is limited here (ulimit -v, ulimit -u)"
        message, code = f"a thread could not be started: {found}; raise the limit", 1
    else:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        message, code = f"a fault of luc-load itself ({reason}); add -vv to see where", 1
    # A name or an attribute of a file may be in it, or an address.
    lines = "\n".join(shown(line) for line in message.splitlines())
    click.echo(f"luc-load: error: {lines}", err=True)
    sys.exit(code)
