"""The command line: the group of all commands, and the exit code of a run."""

from __future__ import annotations

import sys
import traceback
from typing import NoReturn

import click

from loader.commands.build import build
from loader.commands.check import check
from loader.commands.clean import clean
from loader.commands.common import verbosity, version
from loader.commands.diff import diff
from loader.commands.export import export
from loader.commands.fetch import fetch
from loader.commands.info import info
from loader.commands.plot import plot
from loader.commands.query import query
from loader.commands.report import report
from loader.commands.sample import sample
from loader.commands.sql import sql
from loader.errors import LucLoadError, OutputError, ServiceError
from loader.stopping import Stopped, describe, ignore_signals, received_signal, stop_at_once
from loader.streams import flush_output, prepare_streams, use_utf8
from loader.text import shown, shown_lines

__all__ = ["commands", "main"]

_CONTEXT = {
    "help_option_names": ["-h", "--help"],
    "auto_envvar_prefix": "LUC_LOAD",
    "max_content_width": 100,
}


class _Commands(click.Group):
    """The group of all commands."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command. click ends any broken pipe with exit code 1 and without a message."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            # Not standard output, which never raises it: a store, a cluster, a named pipe.
            raise ServiceError(
                f"a connection or pipe was closed by its other end ({error})"
            ) from error


@click.group(cls=_Commands, context_settings=_CONTEXT)
@version
def commands() -> None:
    """Load gridded land-use change data into Parquet and one DuckDB file.

    The sources are netCDF files: BLUE's emissions from land-use change (ELUC) and LUH2's land use.
    Every option can also be set by the environment variable LUC_LOAD_<COMMAND>_<OPTION>.

    Exit codes: 0 done; 1 the build or a check failed; 2 usage; 3 an input is missing, unreadable or
    invalid; 130 interrupted; 143 terminated.
    """


for _command in (
    *(build, sample, fetch, info, check, diff, clean, query, sql, export, plot, report),
):
    commands.add_command(_command)


def main() -> NoReturn:
    """Run the command line and exit with the code of its outcome."""
    use_utf8()
    prepare_streams()
    stop_at_once()
    code = 0
    try:
        commands.main(prog_name="luc-load", standalone_mode=False)
    except click.exceptions.Exit as error:
        code = error.exit_code
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except (Stopped, Exception) as error:  # noqa: BLE001  # its class decides the exit code
        _fail(error)
    try:
        flush_output()
    except OutputError as error:
        # The work is done, but its result did not arrive.
        _fail(error)
    sys.exit(code)


def _fail(error: BaseException) -> NoReturn:
    if verbosity() >= 2:
        click.echo(shown_lines(traceback.format_exc()), err=True, nl=False)
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
        message, code = "out of memory; lower --memory-limit or close other programs", 1
    elif isinstance(error, RuntimeError) and "start new thread" in str(error):
        limits = "raise the limit of memory (ulimit -v) or of processes (ulimit -u)"
        message, code = f"cannot start a thread; {limits}", 1
    else:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        message, code = f"internal error of luc-load ({reason}); add -vv for a traceback", 1
    # A name or an attribute of a file may be in it, or an address.
    click.echo(f"luc-load: error: {shown(message)}", err=True)
    sys.exit(code)
