"""The command line: parse, call one function of the library, print."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from loader._version import __version__
from loader.errors import LucLoadError
from loader.stopping import Stopped, describe, received_signal, stop_at_once, stop_orderly

if TYPE_CHECKING:
    from collections.abc import Callable

    from loader.terminal import TerminalReporter

    Command = TypeVar("Command", bound=Callable[..., Any])

__all__ = ["main"]

_verbosity = 0

_CONTEXT = {
    "help_option_names": ["-h", "--help"],
    "auto_envvar_prefix": "LUC_LOAD",
    "max_content_width": 100,
}


_version = click.version_option(__version__, prog_name="luc-load")


def _talk(command: Command) -> Command:
    """Add the options that every command has."""
    quiet = click.option("-q", "--quiet", is_flag=True, help="Only errors on standard error.")
    verbose = click.option(
        "-v",
        "--verbose",
        count=True,
        show_default=False,
        callback=_note_verbosity,
        help="More on standard error; -vv adds tracebacks.",
    )
    return quiet(verbose(_version(command)))


def _note_verbosity(_context: click.Context, _option: click.Parameter, value: int) -> int:
    global _verbosity  # noqa: PLW0603  # the one thing that `main` must know of a failed command
    _verbosity = value
    return value


@click.group(context_settings=_CONTEXT)
@_version
def commands() -> None:
    """Load gridded land-use change data into Parquet and one DuckDB file.

    The sources are BLUE's emissions from land-use change (ELUC) and LUH2's land use, as netCDF.
    Every option can also be set as LUC_LOAD_<COMMAND>_<OPTION>.

    Exit codes: 0 done, 1 failed, 2 usage, 3 an input is missing or not what it must be,
    130 interrupted, 143 terminated.
    """


_path = click.Path(path_type=str)


@commands.command(context_settings={"show_default": True})
@click.option("--eluc", type=_path, metavar="FILE", help="BLUE ELUC netCDF.")
@click.option("--states", type=_path, metavar="FILE", help="LUH2 states netCDF.")
@click.option("--transitions", type=_path, metavar="FILE", help="LUH2 transitions netCDF.")
@click.option("--management", type=_path, metavar="FILE", help="LUH2 management netCDF.")
@click.option("--all", is_flag=True, help="Also load transitions and management if in RAW.")
@click.option(
    "--raw", type=_path, metavar="DIR", help="Where files not named are looked for.  [default: raw]"
)
@click.option(
    "--sample",
    is_flag=True,
    help="Make synthetic sources (in OUT/sample, or RAW if given) and load those.",
)
@click.option(
    "-o", "--out", type=_path, metavar="DIR", default="luc-data", help="Folder of the result."
)
@click.option("--years", metavar="FIRST:LAST", help="Both ends included; either may be left open.")
@click.option(
    "--cells",
    type=click.Choice(["data", "land", "all"]),
    default="data",
    help="Which rows are stored: those with data, of them those on land, or every cell.",
)
@click.option("--workers", type=int, metavar="N", help="1 does one thing at a time.")
@click.option("--memory-limit", metavar="SIZE", help="Ceiling on memory, such as 1GiB.")
@click.option("--storage-version", default="v1.0.0", help="DuckDB storage version of the file.")
@click.option("--overwrite", is_flag=True, help="Replace a result of other inputs or options.")
@_talk
def build(*, quiet: bool, verbose: int, **options: Any) -> None:  # noqa: ANN401  # click's own
    """Load the sources into OUT/luc.duckdb and OUT/parquet.

    Sources that are not named are looked for in RAW. A build that was interrupted goes on where
    it stopped; one that is complete says so.

    \b
    Examples:
      luc-load build --sample --years 1990:2022
      luc-load build --raw downloads --years 1850:2022
      luc-load build --states states.nc --cells land -o states-only
    """
    from loader.building import build as build_database  # noqa: PLC0415  # --help must be quick

    stop_orderly()
    report = build_database(reporter=_reporter(quiet=quiet, verbose=verbose), **options)
    click.echo(report.text())


@commands.command(context_settings={"show_default": True})
@click.option(
    "-o", "--out", type=_path, metavar="DIR", default="sample", help="Folder of the files."
)
@click.option(
    "--years",
    metavar="FIRST:LAST",
    default="1990:2021",
    help="Within 850:2021; states reach a year further, emissions begin in 1850.",
)
@click.option(
    "--resolution",
    type=click.Choice(["0.25", "0.5", "1", "2"]),
    default="0.25",
    help="Degrees.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=False,
    help="Another number makes another world; 0 if left out.",
)
@click.option(
    "--only",
    metavar="NAMES",
    help="Some of eluc,states,transitions,management,static.  [default: all]",
)
@_talk
def sample(  # the options describe themselves
    *,
    out: str,
    years: str,
    resolution: str,
    seed: int,
    only: str | None,
    quiet: bool,
    verbose: int,
) -> None:
    """Write synthetic source files in exactly the real files' layout.

    They say in their attributes that they are synthetic. A real file is never overwritten.

    \b
    Examples:
      luc-load sample
      luc-load sample -o small --years 2010:2019 --resolution 2 --only eluc,states
    """
    from loader.sample.command import make_sample  # noqa: PLC0415  # --help must be quick

    stop_orderly()
    reporter = _reporter(quiet=quiet, verbose=verbose)
    written = make_sample(out, years, float(resolution), seed, only, reporter)
    for path in written:
        click.echo(path)


@commands.command()
@click.argument("database", metavar="[DB]", type=_path, default="luc-data/luc.duckdb")
@_talk
def info(*, database: str, **_talk: Any) -> None:  # noqa: ANN401  # click's own
    """Say what a database holds, and from which sources it was built.

    DB is the file or its folder; luc-data/luc.duckdb if left out.

    \b
    Example:
      luc-load info luc-data
    """
    from loader.info import database_info  # noqa: PLC0415  # --help must be quick

    stop_orderly()
    click.echo(database_info(database).text())


def _reporter(*, quiet: bool, verbose: int) -> TerminalReporter:
    from loader.terminal import TerminalReporter  # noqa: PLC0415  # as above

    return TerminalReporter(sys.stderr, -1 if quiet else verbose)


def main() -> NoReturn:
    """Run the command line and exit with the code that the outcome has."""
    stop_at_once()
    try:
        commands.main(prog_name="luc-load", standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has enough of it: not worth a word.
        sys.stderr.close()
        sys.exit(0)
    except (Stopped, Exception) as error:  # noqa: BLE001  # what it is decides the exit code
        _fail(error)
    sys.exit(0)


def _fail(error: BaseException) -> NoReturn:
    if _verbosity >= 2:
        traceback.print_exc()
    number = received_signal()
    if number is not None:
        message, code = describe(number), number + 128
    elif isinstance(error, click.ClickException):
        error.show()
        sys.exit(error.exit_code)
    elif isinstance(error, LucLoadError):
        message, code = str(error), error.exit_code
    elif isinstance(error, MemoryError):
        message, code = "memory ran out; lower --memory-limit or close other programs", 1
    else:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        message, code = f"a fault of luc-load itself ({reason}); add -vv to see where", 1
    click.echo(f"luc-load: error: {message}", err=True)
    sys.exit(code)
