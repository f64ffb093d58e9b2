"""Read a contestant's result back with DuckDB, in the environment that made it.

Prints the same numbers as reference.py computes, from a DuckDB file or from Parquet files.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import duckdb

from benchmarks.names import STATE


def main() -> None:
    """Print the answers as JSON."""
    parser = argparse.ArgumentParser(description="answers of a result")
    parser.add_argument("--database", default="", help="a DuckDB file")
    parser.add_argument("--parquet", default="", help="a folder with state/ and eluc/")
    parser.add_argument("--cells", default="", help="Parquet with cell_id, lat, lon")
    given = parser.parse_args()
    con = duckdb.connect(given.database or ":memory:", read_only=bool(given.database))
    answers = {}
    for table, names in (("state", STATE), ("eluc", ["ELUC"])):
        source = table
        if given.parquet:
            source = f"read_parquet({_text(given.parquet + '/' + table + '/*.parquet')})"
        columns = [column for column, *_ in con.sql(f"DESCRIBE SELECT * FROM {source}").fetchall()]
        if "cell_id" in columns:
            cells = f"read_parquet({_text(given.cells)})" if given.parquet else "cell"
            source = f"{source} INNER JOIN {cells} AS place USING (cell_id)"
        answers[table] = _answers(con, source, names)
    print(json.dumps(answers))  # noqa: T201  # the answer


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _answers(con: duckdb.DuckDBPyConnection, source: str, names: list[str]) -> dict[str, Any]:
    """Sum up a table: values of 0 of the emissions are not counted, as some routes leave them."""
    outputs = ['"year"']
    keys = []
    for name in names:
        column = f'"{name}"'
        counted = f"nullif({column}, 0)" if name == "ELUC" else column
        outputs += [f"count({counted})", f"sum({column}::DOUBLE)", f"sum(abs({column}::DOUBLE))"]
        keys += [(name, "count"), (name, "sum"), (name, "scale")]
        if name in ("primf", "ELUC"):
            outputs += [f"sum({column}::DOUBLE * lat)", f"sum({column}::DOUBLE * lon)"]
            keys += [(name, "sum_lat"), (name, "sum_lon")]
    rows = con.sql(f"SELECT {', '.join(outputs)} FROM {source} GROUP BY 1 ORDER BY 1").fetchall()
    variables: dict[str, dict[str, list[Any]]] = {name: {} for name in names}
    for (name, key), values in zip(keys, list(zip(*rows, strict=True))[1:], strict=True):
        variables[name][key] = list(values)
    return {"years": [int(row[0]) for row in rows], "variables": variables}


if __name__ == "__main__":
    main()
