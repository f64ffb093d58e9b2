"""`luc-load check`."""

from __future__ import annotations

import json
import sys

import click

from loader.commands.common import (
    DATABASE,
    PATH,
    Command,
    database_limits,
    storage_options,
    talkative,
    terminal_reporter,
)
from loader.commands.completion import complete_checks
from loader.stopping import stop_orderly

__all__ = ["check"]


@click.command(cls=Command, short_help="Prove that a database is complete and consistent.")
@click.argument("database", metavar="[DB]", type=PATH, default=DATABASE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--only",
    metavar="NAMES",
    shell_complete=complete_checks,
    help="Checks to run, separated by commas.  [default: all]",
)
@database_limits
@click.option(
    "--parquet",
    metavar="ADDRESS",
    help="Where the Parquet dataset is. An address that only the database names is not contacted.",
)
@storage_options
@talkative
def check(
    *,
    database: str,
    as_json: bool,
    only: str | None,
    workers: int | None,
    memory_limit: str | None,
    parquet: str | None,
    storage_options: str | None,
    quiet: bool,
    verbose: int,
) -> None:
    """Prove that a database is what was published, and that its numbers agree.

    Compares the definitions, the bytes and every value of the database and its Parquet dataset with
    what the build recorded, and states, transitions, sums and totals with each other. Prints one
    line for each check, followed by the worst rows if it fails. Exits with 1 if a check fails.

    DB is the file or its folder (default: luc-data/luc.duckdb).

    \b
    Examples:
      luc-load check luc-data
      luc-load check --only mass_balance,primary_growth luc-data
      luc-load check --json luc-data
    """
    from loader.checking.check import check_database  # noqa: PLC0415  # --help must be quick

    stop_orderly()
    report = check_database(
        database,
        only=None if only is None else [name.strip() for name in only.split(",") if name.strip()],
        threads=workers,
        memory_limit=memory_limit,
        parquet=parquet,
        storage_options=storage_options,
        finished=lambda result: None if as_json else click.echo(result.text()),
        notice=terminal_reporter(quiet=quiet, verbose=verbose).notice,
    )
    if as_json:
        click.echo(json.dumps(report.record(), indent=1))
    else:
        click.echo(f"\n{report.summary()}")
    if not report.holds:
        sys.exit(1)
