"""Published parts that a build which replaces them uses again: only those that hold the rows."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from build_oracle import Expected, differences
from files import GRIDS, Content, Form, eluc_content, state_content, write

import loader.reading.plan
from loader import build
from loader.reading.plan import Block
from loader.storing.earlier import EarlierParts
from loader.storing.parquet import write_part

PLACE = GRIDS["finer"]
LONG = tuple(range(1950, 1957))
"""The last year lies in a block of its own; without it the files are those of a year before."""

STATE = state_content(31, PLACE, LONG, masks="mixed")
ELUC = eluc_content(32, PLACE, LONG)

Sources = dict[str, tuple[Path, Content]]


def shortened(content: Content, years: int) -> Content:
    """Return the first years of what a file holds."""
    values = {name: array[:years] for name, array in content.values.items()}
    return replace(content, years=content.years[:years], values=values)


def written(folder: Path, states: Content, eluc: Content) -> Sources:
    folder.mkdir(exist_ok=True)
    return {
        "states": (write(folder / "states.nc", states, Form()), states),
        "eluc": (write(folder / "eluc.nc", eluc, Form(time="bare", fill="_FillValue")), eluc),
    }


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader.reading.plan, "MAX_BLOCK_YEARS", 2)


def run(sources: Sources, out: Path, **options: Any) -> Any:  # noqa: ANN401
    given: dict[str, Any] = {name: path for name, (path, _) in sources.items()}
    return build(**given, out=out, **options)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of the first six years: three parts of each table."""
    folder = tmp_path_factory.mktemp("published")
    sources = written(folder / "raw", shortened(STATE, 6), shortened(ELUC, 6))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loader.reading.plan, "MAX_BLOCK_YEARS", 2)
        run(sources, folder / "out")
    return folder / "out"


@pytest.fixture
def out(published: Path, tmp_path: Path) -> Path:
    shutil.copytree(published, tmp_path / "out")
    return tmp_path / "out"


def inodes(out: Path, table: str) -> dict[str, int]:
    return {path.name: path.stat().st_ino for path in (out / "parquet" / table).iterdir()}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_source_that_gained_a_year_uses_the_parts_of_the_others(
    workers: int, out: Path, tmp_path: Path
) -> None:
    sources = written(tmp_path / "raw", STATE, ELUC)
    before = {table: inodes(out, table) for table in ("eluc", "state")}
    report = run(sources, out, overwrite=True, workers=workers)
    assert (report.outcome, report.reused_parts) == ("built", 6)
    assert differences(out, Expected(STATE, ELUC), sources) == []
    for table, files in before.items():
        after = inodes(out, table)
        assert files.items() <= after.items()
        assert len(after) == 4
    assert report.parquet_bytes == sum(
        path.stat().st_size for path in (out / "parquet").rglob("*.parquet")
    )


def _another_value() -> Content:
    """One value of the fourth year of one state, by its last bit."""
    values = {name: array.copy() for name, array in STATE.values.items()}
    name = next(iter(values))
    row, column = np.argwhere(np.isfinite(values[name][3]) & (values[name][3] > 0))[0]
    values[name][3, row, column] = np.nextafter(values[name][3, row, column], np.float32(0))
    return replace(STATE, values=values)


def test_a_value_that_changed_by_a_bit_costs_its_part(out: Path, tmp_path: Path) -> None:
    states, eluc = _another_value(), ELUC
    sources = written(tmp_path / "raw", states, eluc)
    report = run(sources, out, overwrite=True)
    assert report.reused_parts == 5
    assert differences(out, Expected(states, eluc), sources) == []


def _flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0x10
    path.write_bytes(data)


def _exchange_values(path: Path) -> None:
    table = pq.read_table(path)
    values = table.column(2).to_numpy().copy()[::-1]
    changed = table.set_column(2, table.schema.field(2), pa.array(values, from_pandas=True))
    write_part(changed, path)


@pytest.mark.parametrize(
    "damage",
    [
        _flip_a_byte,
        _exchange_values,
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes()[:-7]),
        lambda path: path.write_bytes(b""),
    ],
    ids=["a byte flipped", "other values", "removed", "cut short", "emptied"],
)
def test_a_damaged_part_is_written_anew(
    damage: Callable[[Path], None], out: Path, tmp_path: Path
) -> None:
    sources = written(tmp_path / "raw", STATE, ELUC)
    damage(sorted((out / "parquet" / "state").iterdir())[1])
    assert run(sources, out, overwrite=True).reused_parts == 5
    assert differences(out, Expected(STATE, ELUC), sources) == []


def test_parts_of_another_encoding_are_written_anew(out: Path, tmp_path: Path) -> None:
    sources = written(tmp_path / "raw", STATE, ELUC)
    assert run(sources, out, overwrite=True, parquet_encoding="plain").reused_parts == 0
    part = sorted((out / "parquet" / "state").iterdir())[0]
    assert "PLAIN" in pq.ParquetFile(part).metadata.row_group(0).column(2).encodings
    assert differences(out, Expected(STATE, ELUC), sources) == []


def test_parts_of_another_version_are_written_anew(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = written(tmp_path / "raw", STATE, ELUC)
    monkeypatch.setattr("loader.building.identity.__version__", "0.0.0+another")
    assert run(sources, out, overwrite=True).reused_parts == 0


def test_where_a_file_can_have_one_name_only_parts_are_written(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    sources = written(tmp_path / "raw", STATE, ELUC)
    assert run(sources, out, overwrite=True).reused_parts == 0
    assert differences(out, Expected(STATE, ELUC), sources) == []


def test_a_build_that_stops_keeps_what_it_took_over(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The published data set is whole meanwhile, and stays so when the leftovers are removed."""
    before = {path: path.read_bytes() for path in (out / "parquet").rglob("*.parquet")}
    sources = written(tmp_path / "raw", STATE, ELUC)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("loader.building.production.complete_dataset", broken)
        with pytest.raises(RuntimeError):
            run(sources, out, overwrite=True)
    assert {path: path.read_bytes() for path in (out / "parquet").rglob("*.parquet")} == before
    report = run(sources, out, overwrite=True)
    assert report.reused_parts == 8
    assert differences(out, Expected(STATE, ELUC), sources) == []


TABLE = pa.table(
    {
        "cell_id": pa.array([1, 2, 3], pa.int32()),
        "year": pa.array([1950, 1950, 1950], pa.int16()),
        "eluc": pa.array([0.0, None, 2.5], pa.float32()),
    }
)


BLOCK = Block("eluc", 1950, 1950, 0, 1, 0, 1)


@pytest.mark.parametrize(
    ("values", "same"),
    [
        ([0.0, None, 2.5], True),
        ([-0.0, None, 2.5], False),
        ([None, 0.0, 2.5], False),
        ([0.0, 0.0, 2.5], False),
        ([0.0, None, 2.5000002], False),
        ([0.0, None, float("nan")], False),
        ([0.0, None], False),
    ],
)
def test_a_part_is_the_same_to_the_bit_or_not_at_all(
    values: list[float | None], same: bool, tmp_path: Path
) -> None:
    part = tmp_path / "eluc" / f"{BLOCK.name}.parquet"
    part.parent.mkdir()
    write_part(TABLE, part)
    rows = TABLE.slice(0, len(values)).set_column(2, "eluc", pa.array(values, pa.float32()))
    size = EarlierParts(tmp_path).take(BLOCK, rows, tmp_path / "a.parquet")
    assert (size is not None) == same
    assert (tmp_path / "a.parquet").exists() == same


def test_not_a_number_is_the_same_as_itself(tmp_path: Path) -> None:
    rows = TABLE.set_column(2, "eluc", pa.array([0.0, float("nan"), 2.5], pa.float32()))
    part = tmp_path / "eluc" / f"{BLOCK.name}.parquet"
    part.parent.mkdir()
    write_part(rows, part)
    assert EarlierParts(tmp_path).take(BLOCK, rows, tmp_path / "a.parquet")


def test_other_units_in_the_schema_are_another_part(tmp_path: Path) -> None:
    part = tmp_path / "eluc" / f"{BLOCK.name}.parquet"
    part.parent.mkdir()
    write_part(TABLE, part)
    other = TABLE.replace_schema_metadata({"title": "something else"})
    assert EarlierParts(tmp_path).take(BLOCK, other, tmp_path / "a.parquet") is None
