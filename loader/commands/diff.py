"""`luc-load diff`."""

from __future__ import annotations

import json
import sys

import click

from loader.commands.common import PATH, Command, database_limits, talkative
from loader.stopping import stop_orderly

__all__ = ["diff"]


@click.command(cls=Command, context_settings={"show_default": True})
@click.argument("a", metavar="A", type=PATH)
@click.argument("b", metavar="B", type=PATH)
@click.option(
    "-f",
    "--format",
    "output_format",
    type=click.Choice(["table", "json"]),
    default="table",
    help="Text for people, or one JSON object.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if the databases differ.")
@database_limits
@talkative
def diff(
    *,
    a: str,
    b: str,
    output_format: str,
    exit_code: bool,
    workers: int | None,
    memory_limit: str | None,
    quiet: bool,  # noqa: ARG001  # every command has it
    verbose: int,  # noqa: ARG001  # as above
) -> None:
    """Compare two databases: sources, years, cells and values.

    For every column of eluc, state, transition and management: how many values differ, by how much
    at most, where and when. Views and totals are computed from these tables and are not compared
    again. Years whose digests are equal are not read.

    A and B are the files or their folders, built with --tables stored, the default.

    \b
    Examples:
      luc-load diff gcb2022 gcb2023
      luc-load diff gcb2022 gcb2023 --format json
    """
    from loader.comparing.diff import diff as compare  # noqa: PLC0415  # --help must be quick

    stop_orderly()
    report = compare(a, b, workers=workers, memory_limit=memory_limit)
    click.echo(json.dumps(report.record(), indent=1) if output_format == "json" else report.text())
    if exit_code and not report.same:
        sys.exit(1)
