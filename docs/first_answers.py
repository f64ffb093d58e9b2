"""Print first answers from a database: some files of queries/, each with its title and units.

Run by `make demo` as: python docs/first_answers.py demo/luc.duckdb
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import duckdb

from loader.catalog.sqlfiles import SqlFile, read_files

QUERIES = {
    "global_emissions_by_year": (4, 4),
    "land_use_by_decade": (20, 0),
    "forest_loss": (20, 0),
    "hotspots": (5, 0),
    "london_series": (4, 4),
    "mask_comparison": (20, 0),
}
"""What is asked, and how many of the first and of the last rows are shown."""

HELD = """
SELECT t.table_name, t.estimated_size AS "rows", string_split(t.comment, ': ')[1] AS what
FROM duckdb_tables() AS t
WHERE t.table_name IN ('cell', 'eluc', 'state', 'transition', 'management')
    AND t.estimated_size > 0
ORDER BY t.table_name
"""

WIDTH = 96


def main(path: str) -> None:
    """Print what the database holds, and answers."""
    if not Path(path).is_file():
        sys.exit(f"{path}: there is no such file; make demo builds it")
    queries = read_files("queries")
    with duckdb.connect(path, read_only=True) as con:
        print(f"\n# What {path} holds\n")
        print_table(con, HELD, 20, 0)
        synthetic = con.sql("SELECT bool_or(synthetic) FROM source").fetchall()[0][0]
        if synthetic:
            print_text("\nThe sources are SYNTHETIC: nothing below says anything about the Earth.")
        for name, (first, last) in QUERIES.items():
            # A cursor is a session of its own: variables that one query sets stay with it.
            print_answer(con.cursor(), queries[name], first, last)
    print(f"\n# Go on\n\nEvery one of these is a file in queries/. {path} opens read-only in")
    print("DuckDB 1.1 and newer, DBeaver, Tableau and the like. The README has a tour.")


def print_answer(con: duckdb.DuckDBPyConnection, query: SqlFile, first: int, last: int) -> None:
    """Print one query's title, what to know about it, and its answer."""
    print(f"\n# {query.header['Title']} (queries/{query.name}.sql)\n")
    for field in ("Units", "Caveat"):
        print_text(f"{field}: {query.header[field]}.")
    print()
    print_table(con, query.text, first, last)


def print_table(con: duckdb.DuckDBPyConnection, sql: str, first: int, last: int) -> None:
    """Print the result of the last statement, its first and last rows."""
    print(textwrap.indent(table_text(con, sql, first, last), "  "))


def table_text(con: duckdb.DuckDBPyConnection, sql: str, first: int = 100, last: int = 0) -> str:
    """Return the result of the last statement as aligned columns, its first and last rows."""
    done = con.execute(sql)
    names = [column[0] for column in done.description or []]
    rows = done.fetchall()
    answer = list(zip(*rows, strict=True))
    columns = [shown(values, name) for values, name in zip(answer, names, strict=True)]
    lines = list(zip(*columns, strict=True))
    if len(lines) > first + last:
        lines = [*lines[:first], ("...",) * len(names), *lines[len(lines) - last :]]
    texts = [any(isinstance(value, str) for value in values) for values in answer]
    widths = [max(map(len, column)) for column in zip(names, *lines, strict=True)]
    written = []
    for line in [names, *lines]:
        parts = [
            value.ljust(width) if is_text else value.rjust(width)
            for value, width, is_text in zip(line, widths, texts, strict=True)
        ]
        written.append("  ".join(parts).rstrip())
    return "\n".join(written)


def shown(values: tuple[object, ...], name: str) -> list[str]:
    """Write a column for people: one number of decimals, thousands apart, no NULL."""
    places = max((decimals(value) for value in values), default=0)
    grouped = "d" if name == "decade" or name.endswith("year") else ",d"
    written = []
    for value in values:
        match value:
            case None:
                written.append("-")
            case bool():
                written.append("yes" if value else "no")
            case int():
                written.append(format(value, grouped))
            case float():
                written.append(format(value, f",.{places}f"))
            case _:
                written.append(str(value))
    return written


def decimals(value: object) -> int:
    """Return how many decimals a rounded value has; a float32 has no more than seven figures."""
    if not isinstance(value, float):
        return 0
    figures = value if abs(value) >= 1000 else float(f"{value:.7g}")
    part = f"{figures:.9f}".partition(".")[2].rstrip("0")
    return len(part)


def print_text(text: str) -> None:
    """Print a paragraph."""
    print(textwrap.fill(text, WIDTH, replace_whitespace=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
