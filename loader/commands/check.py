"""`luc-load check`."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from loader.commands.common import DATABASE, PATH, Command, storage_options, talkative
from loader.stopping import stop_orderly

__all__ = ["check"]


@click.command(cls=Command)
@click.argument("database", metavar="[DB]", type=PATH, default=DATABASE)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.option("--only", metavar="NAMES", help="Some checks, separated by commas.")
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Threads of DuckDB.")
@click.option("--memory-limit", metavar="SIZE", help="Memory of DuckDB.  [default: 1GiB]")
@storage_options
@talkative
def check(
    *,
    database: str,
    as_json: bool,
    only: str | None,
    workers: int | None,
    memory_limit: str | None,
    storage_options: str | None,
    **_talk: Any,  # noqa: ANN401  # click's own
) -> None:
    """Prove that a database is whole and that its numbers agree.

    Compares every value with the digests of the build, and states, transitions, sums and totals
    with each other. One line a check; the worst rows of those that fail follow it. Exits with 1
    if a check fails.

    DB is the file or its folder; luc-data/luc.duckdb if left out.

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
        storage_options=storage_options,
        finished=lambda result: None if as_json else click.echo(result.text()),
    )
    if as_json:
        click.echo(json.dumps(report.record(), indent=1))
    else:
        click.echo(f"\n{report.summary()}")
    if not report.holds:
        sys.exit(1)
