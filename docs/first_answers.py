"""Print first answers from a database: some files of queries/, each with its title and units.

Run by `make demo` as: python docs/first_answers.py demo/luc.duckdb
"""

from __future__ import annotations

import io
import sys
import textwrap
from pathlib import Path

import duckdb

from loader.catalog.sqlfiles import SqlFile, read_files
from loader.querying.text import TableSink

QUERIES = {
    "global_emissions_by_year": (4, 4),
    "land_use_by_decade": (20, 0),
    "forest_loss": (20, 0),
    "country_emissions": (10, 0),
    "hotspots": (5, 0),
    "london_series": (4, 4),
    "mask_comparison": (20, 0),
}
"""The queries, and how many of their first and last rows are printed."""

PARAMETERS = {"country_emissions": {"first_year": 2010, "last_year": 2019}}
"""Parameters of the queries that are not left to their defaults."""

CONTENTS = """
SELECT t.table_name, t.estimated_size AS "rows", string_split(t.comment, ': ')[1] AS contents
FROM duckdb_tables() AS t
WHERE t.table_name IN ('cell', 'eluc', 'state', 'transition', 'management')
    AND t.estimated_size > 0
ORDER BY t.table_name
"""

WIDTH = 96


def main(path: str) -> None:
    """Print what the database holds, and the answers to `QUERIES`."""
    if not Path(path).is_file():
        sys.exit(f"{path} does not exist; run make demo to build it")
    queries = read_files("queries")
    with duckdb.connect(path, read_only=True) as con:
        print(f"\n# Contents of {path}\n")
        print_table(con, CONTENTS, 20, 0)
        synthetic = con.sql("SELECT bool_or(synthetic) FROM source").fetchall()[0][0]
        if synthetic:
            print_text("\nThe sources are SYNTHETIC: the numbers below do not describe the Earth.")
        for name, (first, last) in QUERIES.items():
            # A cursor is a session of its own: a variable that one query sets does not reach the
            # next one.
            print_answer(con.cursor(), queries[name], first, last)
    place = f"luc-load query london_series {Path(path).parent} -p lat=-1.286 -p lon=36.817"
    print(
        "\n# Next\n\nActivate the environment (. .venv/bin/activate) and ask about another place:\n"
    )
    print(f"  {place}\n")
    print(f"luc-load query lists these queries and their parameters. Open {path} read-only in")
    print("DuckDB 1.1 or newer, DBeaver, Tableau and other tools. docs/tour.md has a tour.")


def print_answer(con: duckdb.DuckDBPyConnection, query: SqlFile, first: int, last: int) -> None:
    """Print the title of a query, its units, its caveat and its answer."""
    chosen = PARAMETERS.get(query.name, {})
    for name, value in chosen.items():
        con.execute(f"SET VARIABLE {name} = {value}")
    given = "".join(f", {name} {value}" for name, value in chosen.items())
    print(f"\n# {query.header['Title']} (queries/{query.name}.sql{given})\n")
    print_text(f"Units: {query.header['Units']}.")
    # What a parameter would change is no caveat of this answer.
    caveats = [clause for clause in query.header["Caveat"].split("; ") if "(-p" not in clause]
    if caveats:
        print_text(f"Caveat: {'; '.join(caveats)}.")
    print()
    print_table(con, query.text, first, last)


def print_table(con: duckdb.DuckDBPyConnection, sql: str, first: int, last: int) -> None:
    """Print the first and last rows of the result of the last statement."""
    print(textwrap.indent(table_text(con, sql, first, last), "  "))


def table_text(con: duckdb.DuckDBPyConnection, sql: str, first: int = 100, last: int = 0) -> str:
    """Return the first and last rows of the result of the last statement, as `luc-load query`.

    Rows in between are replaced by a line of three dots.
    """
    *earlier, query = con.extract_statements(sql)
    for statement in earlier:
        con.execute(statement)
    rows = con.sql(query.query).to_arrow_table()
    file = io.BytesIO()
    sink = TableSink(file, rows.schema)
    sink.write(rows)
    sink.close()
    names, *lines = file.getvalue().decode().splitlines()
    if len(lines) > first + last:
        lines = [*lines[:first], "...", *lines[len(lines) - last :]]
    return "\n".join([names, *lines])


def print_text(text: str) -> None:
    """Print a paragraph."""
    print(textwrap.fill(text, WIDTH, replace_whitespace=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
