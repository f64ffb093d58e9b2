"""`luc-load query`."""

from __future__ import annotations

import click

from loader.commands.common import DATABASE, PATH, Command, talkative, terminal_reporter
from loader.commands.completion import complete_queries
from loader.stopping import stop_orderly

__all__ = ["query"]


@click.command(cls=Command)
@click.argument(
    "question", metavar="[NAME|FILE|SQL]", required=False, shell_complete=complete_queries
)
@click.argument("database", metavar="[DB]", type=PATH, default=DATABASE)
@click.option(
    "-p",
    "--param",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the query: a number, a date, a text; may be given several times.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["table", "csv", "json", "parquet", "markdown"]),
    help="How the answer is written.  [default: by the suffix of FILE, else table]",
)
@click.option(
    "-o",
    "--out",
    "output",
    type=PATH,
    metavar="FILE",
    default="-",
    help="Where it goes.  [default: standard output]",
)
@click.option(
    "--rows", type=int, metavar="N", help="Rows at most.  [default: all; on a terminal 100]"
)
@click.option("--overwrite", is_flag=True, help="Replace FILE if it exists.")
@talkative
def query(
    *,
    question: str | None,
    database: str,
    parameters: tuple[str, ...],
    file_format: str | None,
    output: str,
    rows: int | None,
    overwrite: bool,
    quiet: bool,
    verbose: int,
) -> None:
    """Ask a database something, read-only; alone, list the queries that come with luc-load.

    What is asked is the name of such a query, a file ending in .sql, or SQL text. Nothing can be
    changed, and no other file is read. DB is the file or its folder; luc-data/luc.duckdb if left
    out.

    \b
    Examples:
      luc-load query
      luc-load query london_series -p lat=52.5 -p lon=13.4
      luc-load query "FROM eluc_global" --format csv -o emissions.csv
    """
    from loader.querying.answering import answer, question_lines  # noqa: PLC0415  # --help must be quick
    from loader.querying.questions import parse_parameters  # noqa: PLC0415  # as above

    stop_orderly(resumes=False)
    if question is None:
        click.echo("\n".join(question_lines()))
        return
    answer(
        database,
        question,
        parse_parameters(parameters),
        terminal_reporter(quiet=quiet, verbose=verbose),
        file_format=file_format,
        output=output,
        rows=rows,
        overwrite=overwrite,
    )
