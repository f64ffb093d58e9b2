"""Numbers for people: never further from the value than the last printed digit, no year grouped."""

from __future__ import annotations

import io
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loader.numbers import DIGITS_OF_DOUBLE, DIGITS_OF_REAL, number_text
from loader.querying.text import MarkdownSink, TableSink

DOUBLES = st.floats(width=64)
REALS = st.floats(width=32)
INTEGERS = st.integers(-(2**127), 2**127 - 1)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=9)


def last_digit(text: str) -> Decimal:
    """One unit of the last printed digit."""
    exponent = Decimal(text.replace(",", "")).as_tuple().exponent
    assert isinstance(exponent, int)
    return Decimal(10) ** exponent


def check(text: str, value: float | Decimal) -> None:
    if value != value:  # noqa: PLR0124  # NaN
        assert text == "nan"
    elif abs(value) == float("inf"):
        assert text == str(float(value))
    else:
        assert abs(Decimal(text.replace(",", "")) - Decimal(value)) <= last_digit(text)
        assert "," not in text or not -100_000 < value < 100_000


@given(DOUBLES | INTEGERS | DECIMALS)
def test_a_number_is_off_by_less_than_its_last_digit(value: float | Decimal) -> None:
    check(number_text(value, DIGITS_OF_DOUBLE), value)


@example(123456.703125, 6)
@given(DOUBLES, st.integers(0, 12))
def test_filled_decimals_are_true(value: float, decimals: int) -> None:
    check(number_text(value, DIGITS_OF_DOUBLE, decimals), value)


@given(REALS)
def test_a_real_is_off_by_less_than_its_last_digit(value: float) -> None:
    check(number_text(value, DIGITS_OF_REAL), value)


@example([999999995904.0], [0.0], 1.0)
@given(
    st.lists(REALS | st.none(), max_size=5),
    st.lists(DOUBLES, max_size=5),
    st.sampled_from([1.0, 0.1234567]),
)
def test_tables_print_what_they_hold(
    reals: list[float | None], doubles: list[float], first: float
) -> None:
    count = min(len(reals), len(doubles))
    # The rows that decide the widths have other decimals than those that follow.
    rows = pa.table(
        {
            "r": pa.array([first] * 1000 + reals[:count], pa.float32()),
            "d": pa.array([first] * 1000 + doubles[:count], pa.float64()),
        }
    )
    for sink_class, skipped in ((TableSink, 1), (MarkdownSink, 2)):
        file = io.BytesIO()
        sink = sink_class(file, rows.schema)
        sink.write(rows)
        sink.close()
        lines = file.getvalue().decode().splitlines()[skipped:]
        assert len(lines) == rows.num_rows
        for line, row in zip(lines, rows.to_pylist(), strict=True):
            texts = line.replace("|", " ").split()
            for text, value in zip(texts, row.values(), strict=True):
                if value is None:
                    assert text == "-"
                else:
                    check(text, value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2021, "2021"),
        (-44, "-44"),
        (12021, "12021"),
        (2021.0, "2021"),
        (2010.5, "2010.5"),
        (Decimal("2021.0"), "2021.0"),
        (259157, "259,157"),
        (1234567.5, "1,234,567.5"),
        (-0.0, "0"),
        (0.1 + 0.2, "0.3"),
        (1e-7, "1e-07"),
        (5e-324, "4.940656458e-324"),
        (1e15, "1e+15"),
        (99999.9999999, "100000"),
        (2**100, "1,267,650,600,228,229,401,496,703,205,376"),
    ],
)
def test_numbers_read_well(value: float | Decimal, text: str) -> None:
    assert number_text(value) == text


YEARS = {
    "time": pa.array([850, 2021], pa.int16()),
    "first_year": pa.array([1850, 2100], pa.int32()),
    "max(year)": pa.array([2021, -4000], pa.int64()),
    "decade": pa.array([1850.0, 2020.0], pa.float64()),
    "t": pa.array([Decimal(2021), Decimal(12021)], pa.decimal128(38, 0)),
    "real": pa.array(np.array([1850, 2021], np.float32)),
}


@pytest.mark.parametrize("sink_class", [TableSink, MarkdownSink])
def test_a_year_never_has_a_separator(sink_class: type[TableSink | MarkdownSink]) -> None:
    rows = pa.table(YEARS)
    file = io.BytesIO()
    sink = sink_class(file, rows.schema)
    sink.write(rows)
    sink.close()
    assert "," not in file.getvalue().decode()


@pytest.mark.parametrize("sink_class", [TableSink, MarkdownSink])
def test_a_column_has_separators_or_none(sink_class: type[TableSink | MarkdownSink]) -> None:
    rows = pa.table(
        {
            "year": [1850, 12021, 2021],
            "cell_id": [221039, 5, 1036799],
            "cells": [246757, 97199, 2021],
            "ha": [-579767.5, None, 15809.25],
            "few": [99999, 15809, 1],
            "endless": [float("inf"), 15809.0, 1.0],
        }
    )
    file = io.BytesIO()
    sink = sink_class(file, rows.schema)
    sink.write(rows)
    sink.close()
    *_, first, second, third = file.getvalue().decode().replace("|", " ").splitlines()
    # A table fills decimals, Markdown does not.
    assert first.split()[:3] == ["1850", "221039", "246,757"]
    assert first.split()[3].rstrip("0") == "-579,767.5"
    assert first.split()[4:] == ["99999", "inf"]
    assert second.split() == ["12021", "5", "97,199", "-", "15809", "15809"]
    assert third.split() == ["2021", "1036799", "2021", "15,809.25", "1", "1"]


def test_decimal_points_are_under_each_other() -> None:
    rows = pa.table({"x": [1.5, 22.125, 300.0, 0.0000125, None]})
    file = io.BytesIO()
    sink = TableSink(file, rows.schema)
    sink.write(rows)
    sink.close()
    lines = file.getvalue().decode().splitlines()
    assert [line.find(".") for line in lines[1:4]] == [lines[1].index(".")] * 3
    assert [line.strip() for line in lines[1:4]] == ["1.500000", "22.125000", "300.000000"]
