"""`luc-load info`."""

from __future__ import annotations

from typing import Any

import click

from loader.commands.common import DATABASE, PATH, talkative
from loader.stopping import stop_orderly

__all__ = ["info"]


@click.command()
@click.argument("database", metavar="[DB]", type=PATH, default=DATABASE)
@talkative
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
