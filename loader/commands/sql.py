"""`luc-load sql`."""

from __future__ import annotations

import os
import sys

import click

from loader.commands.common import DATABASE, PATH, Command, talkative

__all__ = ["sql"]


@click.command(cls=Command)
@click.argument("database", metavar="[DB]", type=PATH, default=DATABASE)
@talkative
def sql(*, database: str, quiet: bool, verbose: int) -> None:  # noqa: ARG001  # every command has them
    """Open the DuckDB shell on a database, read-only.

    Needs the shell: pip install duckdb-cli, or any duckdb on PATH. DB is the file or its folder
    (default: luc-data/luc.duckdb).

    \b
    Example:
      luc-load sql luc-data
    """
    from loader.querying.connect import shell_command  # noqa: PLC0415  # --help must be quick
    from loader.querying.session import database_path  # noqa: PLC0415  # as above

    command = shell_command(database_path(database))
    sys.stdout.flush()
    # The shell takes the place of this process: it reads the terminal and answers its signals.
    os.execv(command[0], command)  # noqa: S606  # a program found on PATH, no shell in between
