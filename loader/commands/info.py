"""`luc-load info`."""

from __future__ import annotations

from typing import Any

import click

from loader.commands.common import DATABASE, PATH, Command, storage_options, talkative
from loader.stopping import stop_orderly

__all__ = ["info"]


@click.command(cls=Command, short_help="Show what a database holds.")
@click.argument("database", metavar="[DB]", type=PATH, default=DATABASE)
@click.option(
    "--connect", is_flag=True, help="Print connection settings for other programs instead."
)
@click.option(
    "--parquet",
    metavar="ADDRESS",
    help="Where the Parquet dataset is. An address that only the database names is not contacted.",
)
@storage_options
@talkative
def info(
    *,
    database: str,
    connect: bool,
    parquet: str | None,
    storage_options: str | None,
    **_talk: Any,  # noqa: ANN401  # click's own
) -> None:
    """Show what a database holds: tables, years, countries, sources, sizes, versions.

    DB is the file or its folder (default: luc-data/luc.duckdb).

    \b
    Examples:
      luc-load info luc-data
      luc-load info luc-data --connect
    """
    from loader.description import database_info  # noqa: PLC0415  # --help must be quick
    from loader.querying.connect import connection_lines  # noqa: PLC0415  # --help must be quick

    stop_orderly()
    facts = database_info(database, storage_options, parquet=parquet, ask_store=not connect)
    click.echo("\n".join(connection_lines(facts.database)) if connect else facts.text())
