"""Dates, times and intervals of DuckDB that Python or Arrow cannot hold, in every format."""

from __future__ import annotations

import io
import json

import duckdb
import pytest

from loader import DatabaseError
from loader.querying.run import read_batches
from loader.querying.sinks import CsvSink, JsonSink
from loader.querying.text import TableSink


def as_json(sql: str) -> list[dict[str, object]]:
    with duckdb.connect() as con:
        batches = read_batches(con, sql)
        file = io.BytesIO()
        sink = JsonSink(file, batches.schema)
        for batch in batches:
            sink.write(batch)
        sink.close()
    rows: list[dict[str, object]] = json.loads(file.getvalue())
    return rows


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("INTERVAL '300000000 months'", "25000000 years"),
        # Arrow counts nanoseconds: this would become -1000 of them.
        ("INTERVAL '9223372036854775807 microseconds'", "2562047788:00:54.775807"),
        ("INTERVAL '-5 days'", "-5 days"),
        ("[INTERVAL '1 month']", "[1 month]"),
        ("DATE '2020-02-03'", "2020-02-03"),
        ("DATE '5000000-01-01'", "5000000-01-01"),
        ("DATE 'infinity'", "infinity"),
        ("DATE '-infinity'", "-infinity"),
        ("TIMESTAMP '290000-01-01'", "290000-01-01 00:00:00.000000"),
        ("TIMESTAMP '-infinity'", "-infinity"),
        ("TIMESTAMPTZ 'infinity'", "infinity"),
    ],
)
def test_json_has_the_value_as_text(expression: str, expected: str) -> None:
    assert as_json(f"SELECT {expression} AS x, NULL::DATE AS y") == [{"x": expected, "y": None}]


def test_a_table_shows_them() -> None:
    with duckdb.connect() as con:
        batches = read_batches(con, "SELECT DATE 'infinity' AS x, INTERVAL '1 year' AS y")
        file = io.BytesIO()
        sink = TableSink(file, batches.schema, None)
        for batch in batches:
            sink.write(batch)
        sink.close()
    assert file.getvalue().decode().split() == ["x", "y", "infinity", "1", "year"]


@pytest.mark.parametrize("sql", ["SELECT DATE 'infinity' AS x", "SELECT [DATE 'infinity'] AS x"])
def test_what_csv_cannot_hold_is_an_error_with_a_cure(sql: str) -> None:
    with duckdb.connect() as con:
        batches = read_batches(con, sql)
        sink = CsvSink(io.BytesIO(), batches.schema)
        batch = batches.read_next_batch()
        with pytest.raises(DatabaseError, match="cast it to VARCHAR"):
            sink.write(batch)
