"""`luc-load query`."""

from __future__ import annotations

import click

from loader.commands.common import DATABASE, PATH, Command, talkative, terminal_reporter
from loader.commands.completion import complete_parameters, complete_queries
from loader.querying.formats import QUERY_FORMATS
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
    shell_complete=complete_parameters,
    metavar="NAME=VALUE",
    help="Parameter of the query: a number, a date or a text. May be repeated.",
)
@click.option(
    "--points",
    type=PATH,
    metavar="FILE",
    help="CSV file of places with columns such as name, latitude and longitude, for the query "
    "points; - is standard input.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(QUERY_FORMATS),
    help="Format of the answer.  [default: by the suffix of FILE; table on standard output]",
)
@click.option(
    "-o",
    "--out",
    "output",
    type=PATH,
    metavar="FILE",
    default="-",
    help="File to write; a name ending in .gz is compressed.  [default: standard output]",
)
@click.option(
    "--rows",
    type=int,
    metavar="N",
    help="Maximum number of rows.  [default: all; on a terminal 100]",
)
@click.option("--show", is_flag=True, help="Print the SQL of the query instead of running it.")
@click.option("--overwrite", is_flag=True, help="Replace FILE if it exists.")
@talkative
def query(
    *,
    question: str | None,
    database: str,
    parameters: tuple[str, ...],
    points: str | None,
    file_format: str | None,
    output: str,
    rows: int | None,
    show: bool,
    overwrite: bool,
    quiet: bool,
    verbose: int,
) -> None:
    """Run a read-only query. Without arguments, list the built-in queries.

    The query is the name of a built-in query, a table or a view, a file ending in .sql, or SQL
    text. It cannot change anything or read other files. DB is the database file or its folder; the
    default is luc-data/luc.duckdb.

    \b
    Examples:
      luc-load query
      luc-load query london_series -p lat=52.5 -p lon=13.4
      luc-load query points --points cities.csv -p within_km=50
      luc-load query forest_loss -p region=country/Brazil
      luc-load query london_series --show
      luc-load query eluc_global --format csv -o emissions.csv
    """
    from loader.querying.answering import answer, question_lines  # noqa: PLC0415  # --help must be quick
    from loader.querying.questions import (  # noqa: PLC0415  # as above
        find_question,
        parse_parameters,
    )

    stop_orderly(resumes=False)
    if question is None:
        click.echo("\n".join(question_lines()))
        return
    if show:
        click.echo(find_question(question).sql, nl=False)
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
        points=points,
    )
