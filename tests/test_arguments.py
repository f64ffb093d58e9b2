"""Arguments of a wrong type, and files that cannot be accessed, are typed errors."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from memory import states

from loader import build
from loader.building.inputs import find_sources
from loader.errors import SourceError, SourceMissingError, UsageError
from loader.options import Options


@pytest.mark.parametrize("name", ["eluc", "states", "transitions", "management", "static"])
@pytest.mark.parametrize(
    "value", [5, 1.5, b"states.nc", [5], [], [b"a.nc"], object(), np.zeros(3), True, open]
)
def test_a_source_of_another_type_is_a_usage_error(
    name: str,
    value: Any,  # noqa: ANN401
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError, match=f"^{name} is .*expected"):
        build(**{name: value}, out=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_array_of_xarray_says_how_to_make_a_data_set(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"states is of type DataArray; .*to_dataset"):
        build(states=xr.DataArray(np.zeros(3)), out=tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, 5) for name in ("raw", "out", "parquet", "scratch", "cells", "tables")),
        *((name, None) for name in ("out", "cells", "tables", "storage_version")),
        *((name, ["x"]) for name in ("storage_version", "parquet_encoding", "scheduler")),
        *((name, [1]) for name in ("workers", "memory_limit", "storage_options")),
        *(("workers", value) for value in ("2", 1.5, True)),
        *(("years", value) for value in (True, 1.5, (1,), (1, 2, 3), ("a", "b"), [None])),
        ("memory_limit", True),
        ("out", b"out"),
        *(("regions", value) for value in (5, None, [5], b"x.geojson", [None])),
    ],
)
def test_an_option_of_another_type_is_a_usage_error(
    name: str,
    value: Any,  # noqa: ANN401
    tmp_path: Path,
) -> None:
    given = {"states": states(), "out": tmp_path / "out"} | {name: value}
    with pytest.raises(UsageError, match=name):
        build(**given, dry_run=True)


def test_numbers_of_numpy_are_numbers() -> None:
    given: dict[str, Any] = {
        "out": "out",
        "years": (np.int16(2000), None),
        "cells": "data",
        "storage_version": "v1.0.0",
        "parquet_encoding": "split",
        "workers": np.int64(2),
        "memory_limit": np.int64(2**30),
    }
    options = Options.parse(**given)
    assert (options.workers, options.memory_limit, options.years) == (2, 2**30, (2000, None))


def test_storage_options_that_cannot_be_copied_do_no_harm() -> None:
    given: dict[str, Any] = {
        "out": "out",
        "years": None,
        "cells": "data",
        "storage_version": "v1.0.0",
        "parquet_encoding": "split",
        "workers": None,
        "memory_limit": None,
        "storage_options": {"session": threading.Lock()},
    }
    assert "storage_options" not in Options.parse(**given).inputs()
    with pytest.raises(UsageError, match="cannot be sent to cluster workers"):
        Options.parse(**given, scheduler="tcp://localhost:8786")


def test_a_local_result_takes_no_scratch_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--scratch requires an address as --out"):
        build(states=states(), out=tmp_path / "out", scratch=tmp_path / "scratch", dry_run=True)


def test_a_name_that_is_too_long_is_an_error_of_the_source(tmp_path: Path) -> None:
    name = "x" * 300
    for named, raw in (({"states": f"{tmp_path}/{name}"}, tmp_path), ({}, tmp_path / name)):
        with pytest.raises(SourceError, match=r"cannot be accessed .*too long"):
            find_sources(named, raw, lambda text: None)


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "I/O")])
def test_a_folder_that_may_not_be_entered_is_an_error_of_the_source(
    error: OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stat(self: Path, **_: object) -> None:
        raise error

    monkeypatch.setattr(Path, "stat", stat)
    for named in ({"states": "closed/states.nc"}, {}):
        with pytest.raises(SourceError, match="cannot be accessed") as caught:
            find_sources(named, "closed", lambda text: None)
        assert caught.value.exit_code == 3
        assert not isinstance(caught.value, SourceMissingError)
