"""Options of a build: years and sizes as they are given, on the command line and in Python."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from loader import UsageError
from loader.options import Options, parse_size
from loader.years import parse_years, years_text

GIVEN: dict[str, Any] = {
    "out": "luc-data",
    "cells": "data",
    "storage_version": "v1.0.0",
    "parquet_encoding": "split",
    "workers": None,
    "memory_limit": None,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1990:2021", (1990, 2021)),
        (" 1990 : ", (1990, None)),
        (":2021", (None, 2021)),
        (":", (None, None)),
        ("0", (0, 0)),
        ("-5:0", (-5, 0)),
        ("-32768:32767", (-32768, 32767)),
    ],
)
def test_years_are_read_and_written(text: str, expected: tuple[int | None, int | None]) -> None:
    assert parse_years(text) == expected
    assert parse_years(years_text(expected)) == expected


@pytest.mark.parametrize(
    "text", ["", "1990-2021", "1990:2021:2", "a:b", "2021:1990", "32768", "1e3"]
)
def test_what_is_no_years_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--years is"):
        parse_years(text)


@pytest.mark.parametrize(
    ("years", "expected"),
    [
        (None, [None, None]),
        ((None, 0), [None, 0]),
        ((np.int64(2000), np.int16(2001)), [2000, 2001]),
        ("2000:", [2000, None]),
        (np.int16(2000), [2000, 2000]),
        (range(2000, 2003), [2000, 2002]),
        (slice(None, 2003), [None, 2003]),
        ([2000, 2003], [2000, 2003]),
    ],
)
def test_years_of_python_become_an_input_that_json_holds(
    years: Any,  # noqa: ANN401  # what a caller may give
    expected: list[int | None],
) -> None:
    inputs = Options.parse(years=years, **GIVEN).inputs()
    assert json.loads(json.dumps(inputs))["years"] == expected


@pytest.mark.parametrize(
    ("years", "message"),
    [
        ((2001, 2000), "after the last"),
        ((None, 10**9), "out of range"),
        ((2000.5, 2001), "a pair of first and last"),
        ((2000, 2001, 2002), "a pair of first and last"),
        (True, "a pair of first and last"),
        (range(2000, 2000), "is empty"),
        (range(2000, 2010, 2), "step of 1"),
    ],
)
def test_years_of_python_are_checked_too(years: Any, message: str) -> None:  # noqa: ANN401
    with pytest.raises(UsageError, match=message):
        Options.parse(years=years, **GIVEN)


def test_storage_options_are_no_input_and_not_shown() -> None:
    options = Options.parse(years=None, storage_options={"secret": "s3cr3t"}, **GIVEN)
    assert "s3cr3t" not in f"{options} {options.inputs()}"


@pytest.mark.parametrize(
    ("text", "expected"), [("1.5GiB", 1610612736), ("800 MB", 800_000_000), ("7", 7), (9, 9)]
)
def test_sizes(text: str | int, expected: int) -> None:
    assert parse_size(text) == expected


@pytest.mark.parametrize("text", ["", "GiB", "-1MB", "1x"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a valid size"):
        parse_size(text)
