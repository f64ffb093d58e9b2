"""A build as a whole: done once, replaced when asked, resumed, and no one else's file touched."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
import time
from collections.abc import Callable
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import netCDF4
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr
from build_oracle import Expected, differences, land
from builds import Notices, before, crash, fail, limit_blocks, stored_content
from files import GRIDS, Content, Form, eluc_content, state_content, write

import loader.building.groupsums
import loader.building.loading
from loader import BuildReport, build
from loader.checking.check import check_database
from loader.errors import (
    LucLoadError,
    OutputBusyError,
    OutputError,
    SourceError,
    SourceMissingError,
    UsageError,
)
from loader.grid import Grid
from loader.options import Options
from loader.reading.fingerprint import digest_file
from loader.reading.plan import plan_blocks
from loader.reading.source import GriddedSource
from loader.reading.sourcefile import SourceFile
from loader.schema import Variable
from loader.storing.database import DatabaseLane

PLACE = GRIDS["finer"]
YEARS = tuple(range(1950, 1956))
STATE = state_content(21, PLACE, YEARS, masks="mixed")
ELUC = eluc_content(22, PLACE, YEARS)
EXPECTED = Expected(STATE, ELUC)

Sources = dict[str, tuple[Path, Content]]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    folder = tmp_path_factory.mktemp("sources")
    return {
        "states": (write(folder / "states.nc", STATE, Form()), STATE),
        "eluc": (write(folder / "eluc.nc", ELUC, Form(time="bare", fill="_FillValue")), ELUC),
    }


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two years a block, so that a build has several parts of each table."""
    limit_blocks(monkeypatch, 2)


def run(sources: Sources, out: Path, **options: Any) -> BuildReport:  # noqa: ANN401
    given: dict[str, Any] = {name: path for name, (path, _) in sources.items()}
    return build(**given, out=out, **options)


@pytest.fixture(scope="module")
def finished(sources: Sources, tmp_path_factory: pytest.TempPathFactory) -> BuildReport:
    """A finished build, for tests that only read it or `copy` it."""
    with pytest.MonkeyPatch.context() as patch:
        limit_blocks(patch, 2)
        return run(sources, tmp_path_factory.mktemp("finished"))


@pytest.fixture(scope="module")
def stopped(sources: Sources, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a build that ended after four parts, for tests to copy."""
    out = tmp_path_factory.mktemp("stopped")
    with pytest.MonkeyPatch.context() as patch:
        limit_blocks(patch, 2)
        _interrupt(sources, out, parts=4)
    return out


def _interrupt(sources: Sources, out: Path, parts: int) -> None:
    with crash("writing a part", after=parts):
        run(sources, out, workers=1)
    assert len(list(out.rglob("*.parquet"))) == parts


def copy(made: BuildReport | Path, out: Path) -> Path:
    """Put the output of another build at `out`, and return the folder of its parts."""
    folder = made if isinstance(made, Path) else made.database.parent
    shutil.copytree(folder, out, dirs_exist_ok=True)
    return next(out.rglob("*.parquet")).parent.parent


def content_of(folder: Path) -> dict[str, tuple[str, int]]:
    """Return digest and modification time of every file below, its path as the key."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def published_files(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir() if path.name != ".luc-load")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_build_leaves_a_database_and_a_data_set_and_nothing_else(
    workers: int, sources: Sources, tmp_path: Path
) -> None:
    report = run(sources, tmp_path, workers=workers)
    assert report.outcome == "built"
    assert published_files(tmp_path) == ["luc.duckdb", "parquet"]
    private = [p for p in (tmp_path / ".luc-load").rglob("*") if p.is_file()]
    assert [p.name for p in private] in ([], ["lock"])
    assert not [p for p in private if p.stat().st_size]
    parquet = tmp_path / "parquet"
    beside = {p.name for p in parquet.rglob("*") if p.is_file() and p.suffix != ".parquet"}
    assert beside == {"build.json", "datapackage.json", "SHA256SUMS"}
    for table in ("eluc", "state"):
        assert len(list((tmp_path / "parquet" / table).glob("*.parquet"))) == 3
    assert differences(tmp_path, EXPECTED, sources) == []


def test_the_report_counts_what_the_database_holds(finished: BuildReport) -> None:
    report, parquet = finished, Path(finished.parquet)
    with duckdb.connect(str(report.database), read_only=True) as con:
        for table in report.tables:
            counted = con.execute(
                "SELECT count(*), min(year), max(year), count(DISTINCT year), "
                f"count(DISTINCT cell_id) FROM {table.name}"
            ).fetchall()[0]
            reported = (table.rows, table.first_year, table.last_year, table.years, table.cells)
            assert counted == reported
        row = con.execute("SELECT build_id, status, synthetic FROM meta.build").fetchall()
    assert row == [(report.build_id, "complete", False)]
    assert {table.name for table in report.tables} == {"eluc", "state"}
    assert report.database_bytes == report.database.stat().st_size
    files = [p for p in parquet.rglob("*.parquet") if p.parent.name in ("eluc", "state")]
    assert report.parquet_bytes >= sum(p.stat().st_size for p in files)
    assert json.loads((parquet / "build.json").read_text())["build_id"] == report.build_id
    assert any("1956" in notice for notice in report.notices)


def test_the_same_build_again_changes_nothing(
    finished: BuildReport, sources: Sources, tmp_path: Path
) -> None:
    copy(finished, tmp_path)
    before = content_of(tmp_path)
    again = run(sources, tmp_path, workers=1, memory_limit="600MiB")
    assert (again.outcome, again.build_id) == ("up to date", finished.build_id)
    assert content_of(tmp_path) == before


def test_a_source_that_was_only_touched_is_the_same(sources: Sources, tmp_path: Path) -> None:
    copies = _copies(sources, tmp_path)
    run(copies, tmp_path / "out")
    copies["states"][0].touch()
    assert run(copies, tmp_path / "out").outcome == "up to date"


def test_a_source_that_was_touched_is_digested_once_a_run(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = _copies(sources, tmp_path)
    run(copies, tmp_path / "out")
    copies["states"][0].touch()
    digested: list[str] = []

    def digest(path: str) -> str:
        digested.append(Path(path).name)
        return digest_file(path)

    monkeypatch.setattr("loader.building.run.digest_file", digest)
    with pytest.raises(OutputError, match="overwrite"):
        run(copies, tmp_path / "out", years="1951:")
    assert digested == [copies["states"][0].name]


def test_a_source_of_the_same_size_and_other_content_is_another(
    sources: Sources, tmp_path: Path
) -> None:
    copies = _copies(sources, tmp_path)
    run(copies, tmp_path / "out")
    path = copies["eluc"][0]
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    with pytest.raises(OutputError, match=r"another eluc file.*--overwrite"):
        run(copies, tmp_path / "out")


def _copies(sources: Sources, folder: Path) -> Sources:
    copies = {}
    for name, (path, content) in sources.items():
        shutil.copy(path, folder / path.name)
        copies[name] = folder / path.name, content
    return copies


@pytest.mark.parametrize(
    "options", [{"years": "1951:1954"}, {"cells": "all"}, {"storage_version": "v1.2.0"}]
)
def test_other_options_are_refused_and_then_replace_when_asked(
    options: dict[str, str], finished: BuildReport, sources: Sources, tmp_path: Path
) -> None:
    copy(finished, tmp_path)
    before = content_of(tmp_path)
    with pytest.raises(OutputError, match="--overwrite"):
        run(sources, tmp_path, **options)
    assert content_of(tmp_path) == before
    second = run(sources, tmp_path, overwrite=True, **options)
    assert second.build_id != finished.build_id
    assert published_files(tmp_path) == ["luc.duckdb", "parquet"]
    low, high = (1951, 1954) if "years" in options else (-9999, 9999)
    expected = Expected(STATE, ELUC, options.get("cells", "data"), (low, high))
    assert differences(tmp_path, expected, sources) == []
    assert run(sources, tmp_path, **options).outcome == "up to date"


@pytest.mark.parametrize("masks", ["growing", "any"])
def test_the_result_does_not_depend_on_the_lanes(
    masks: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, their order, the bytes of parts, digests and totals: whoever is first."""
    states = state_content(31, PLACE, range(1950, 1962), masks=masks)
    eluc = eluc_content(32, PLACE, range(1950, 1962), missing=0.05)
    given: dict[str, Any] = {
        "states": write(tmp_path / "states.nc", states, Form()),
        "eluc": write(tmp_path / "eluc.nc", eluc, Form(time="bare", fill="_FillValue")),
    }
    build(**given, out=tmp_path / "one", workers=1)
    expected = stored_content(tmp_path / "one")
    delays = random.Random(5)
    before(monkeypatch, "writing a part", lambda: time.sleep(delays.random() / 20))
    for workers in (2, 4):
        out = tmp_path / str(workers)
        build(**given, out=out, workers=workers)
        assert stored_content(out) == expected


def test_emissions_are_loaded_again_if_cells_turn_out_to_have_a_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last year of the states is read after all emissions, and adds a cell of the sea."""
    states = state_content(31, PLACE, range(1950, 1954))
    eluc = eluc_content(32, PLACE, range(1950, 1954))
    sea = np.flatnonzero(
        ~land(PLACE)[0].reshape(-1)
        & np.isnan(states.values["primf"]).all(axis=0).reshape(-1)
        & (eluc.values["ELUC"] == 0).all(axis=0).reshape(-1)
    )
    row, column = divmod(int(sea[0]), PLACE.n_lon)
    states.values["primf"][-1, row, column] = 0.5
    taken_back: list[str] = []
    real = DatabaseLane.roll_back

    def roll_back(self: DatabaseLane) -> None:
        taken_back.append("block")
        real(self)

    def wait_for_last_states() -> None:
        # The parts that come after it are written before the rows of the last states arrive.
        time.sleep(0.3 if next(inserts) == 1 else 0)

    inserts = count()
    monkeypatch.setattr(DatabaseLane, "roll_back", roll_back)
    before(monkeypatch, "inserting", wait_for_last_states)
    sources: Sources = {
        "states": (write(tmp_path / "states.nc", states, Form()), states),
        "eluc": (write(tmp_path / "eluc.nc", eluc, Form(time="bare")), eluc),
    }
    run(sources, tmp_path / "out", workers=4)
    assert taken_back
    assert differences(tmp_path / "out", Expected(states, eluc), sources) == []


def test_a_table_that_stays_empty_has_no_years(tmp_path: Path) -> None:
    """The views are created before the first row, and again if a table turns out to be empty."""
    years = tuple(range(1950, 1990))
    states = state_content(21, PLACE, years)
    for values in states.values.values():
        values[...] = np.nan
    eluc = eluc_content(22, PLACE, years)
    sources: Sources = {
        "states": (write(tmp_path / "states.nc", states, Form()), states),
        "eluc": (write(tmp_path / "eluc.nc", eluc, Form(time="bare")), eluc),
    }
    run(sources, tmp_path / "out")
    assert differences(tmp_path / "out", Expected(states, eluc), sources) == []
    with duckdb.connect(str(tmp_path / "out" / "luc.duckdb"), read_only=True) as con:
        assert con.execute("SELECT DISTINCT has_eluc, has_state FROM year").fetchall() == [
            (True, False)
        ]
    check = check_database(tmp_path / "out")
    assert [result.name for result in check.results if result.status == "failed"] == []


def test_fewer_sources_leave_no_data_of_the_others(
    finished: BuildReport, sources: Sources, tmp_path: Path
) -> None:
    copy(finished, tmp_path)
    only = {"states": sources["states"]}
    run(only, tmp_path, overwrite=True)
    assert not (tmp_path / "parquet" / "eluc").exists()
    assert differences(tmp_path, Expected(STATE, None), only) == []


def _slabs_read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Note every variable and year that is read."""
    real = SourceFile.read
    slabs: list[tuple[str, int]] = []

    def read(self: SourceFile, variable: Variable, slab: loader.reading.source.Slab) -> Any:  # noqa: ANN401
        slabs.extend((variable.name, int(self.years[k])) for k in range(slab.first, slab.last))
        return real(self, variable, slab)

    monkeypatch.setattr(SourceFile, "read", read)
    return slabs


@pytest.mark.parametrize(
    ("parts", "workers"),
    [
        *((0, 1), (2, 2), (3, 1), (5, 2)),
        *(pytest.param(*each, marks=pytest.mark.slow) for each in ((0, 2), (2, 1), (3, 2), (5, 1))),
    ],
)
def test_an_interrupted_build_goes_on_where_it_stopped(
    parts: int, workers: int, sources: Sources, tmp_path: Path
) -> None:
    with crash("writing a part", after=parts):
        run(sources, tmp_path, workers=workers)
    assert published_files(tmp_path) == []
    with pytest.MonkeyPatch.context() as patch:
        slabs = _slabs_read(patch)
        listener = Notices()
        report = run(sources, tmp_path, workers=workers, reporter=listener)
    # A part is noted when its turn comes: one that another lane was still writing may be missing.
    assert max(0, parts - workers + 1) <= report.reused_parts <= parts
    assert "resuming an interrupted build" in listener.notices
    reused = range(1950, 1950 + 2 * min(report.reused_parts, 3))
    again = {(v, y) for v, y in slabs if v != "ELUC" and y in reused}
    # The first year of one land use is read to learn which cells there are, and of secmb and secma
    # to learn whether they have values elsewhere.
    assert again <= {(name, 1950) for name in (next(iter(STATE.values)), "secmb", "secma")}
    assert differences(tmp_path, EXPECTED, sources) == []
    assert published_files(tmp_path) == ["luc.duckdb", "parquet"]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("point", ["inserting", "committing", "noting a part"])
@pytest.mark.parametrize(
    "after", [4, *(pytest.param(calls, marks=pytest.mark.slow) for calls in (0, 6))]
)
def test_a_build_that_fails_in_the_database_goes_on(
    after: int, point: str, workers: int, sources: Sources, tmp_path: Path
) -> None:
    if point == "noting a part":
        after = min(after, 5)
    with crash(point, after):
        run(sources, tmp_path, workers=workers)
    report = run(sources, tmp_path, workers=workers)
    # The rows of cell may be among those that were inserted, and the series of a block of eluc.
    others = 2 if point == "inserting" else 1
    assert after - others <= report.reused_parts <= after
    assert differences(tmp_path, EXPECTED, sources) == []


def _flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0x10
    path.write_bytes(data)


def _exchange_values(path: Path) -> None:
    """Write a sound Parquet file of the same rows with other values."""
    table = pq.read_table(path)
    values = table.column(2).to_numpy().copy()[::-1]
    field = table.schema.field(2)
    pq.write_table(table.set_column(2, field, pa.array(values, from_pandas=True)), path)


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
def test_a_damaged_part_is_made_again(
    damage: Callable[[Path], None], stopped: Path, sources: Sources, tmp_path: Path
) -> None:
    folder = copy(stopped, tmp_path)
    damage(sorted((folder / "state").glob("*.parquet"))[1])
    report = run(sources, tmp_path)
    assert report.reused_parts == 3
    assert differences(tmp_path, EXPECTED, sources) == []


def test_a_manifest_cut_in_the_middle_of_a_line_costs_one_part(
    stopped: Path, sources: Sources, tmp_path: Path
) -> None:
    folder = copy(stopped, tmp_path)
    manifest = folder.parent / "manifest.jsonl"
    manifest.write_bytes(manifest.read_bytes()[:-9])
    assert run(sources, tmp_path).reused_parts == 3
    assert differences(tmp_path, EXPECTED, sources) == []


def test_a_line_of_the_manifest_that_was_cut_costs_only_its_own_part(
    stopped: Path, sources: Sources, tmp_path: Path
) -> None:
    """What the next run writes after it counts, when that run is interrupted too."""
    folder = copy(stopped, tmp_path)
    manifest = folder.parent / "manifest.jsonl"
    manifest.write_bytes(manifest.read_bytes()[:-9])
    with crash("writing a part", after=1):
        run(sources, tmp_path, workers=1)
    assert run(sources, tmp_path).reused_parts == 4
    assert differences(tmp_path, EXPECTED, sources) == []


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe",
        b"[1]",
        b'{"part": "state/x", "size": 1e400, "rows_of_year": {}, "content": 1}',
        b'{"part": "state/x", "size": 1, "rows_of_year": [], "content": 1}',
        b'{"part": "state/\\u0000", "size": 1, "rows_of_year": {}, "content": 1}',
    ],
)
def test_a_damaged_line_of_the_manifest_is_passed_over(
    line: bytes, stopped: Path, sources: Sources, tmp_path: Path
) -> None:
    folder = copy(stopped, tmp_path)
    manifest = folder.parent / "manifest.jsonl"
    manifest.write_bytes(line + b"\n" + manifest.read_bytes())
    assert run(sources, tmp_path).reused_parts == 4
    assert differences(tmp_path, EXPECTED, sources) == []


@pytest.mark.parametrize(("years", "same"), [(1, 0), (4, 2)])
def test_parts_of_another_plan_are_not_published(
    years: int,
    same: int,
    stopped: Path,
    sources: Sources,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With another --memory-limit the same build is cut into other blocks."""
    folder = copy(stopped, tmp_path)
    (folder / "state" / "1950-1951_rows-00000-00001.parquet.tmp").write_bytes(b"half")
    limit_blocks(monkeypatch, years)
    assert run(sources, tmp_path).reused_parts == same
    assert differences(tmp_path, EXPECTED, sources) == []
    blocks = len({year // years for year in YEARS})
    for table in ("eluc", "state"):
        assert len(list((tmp_path / "parquet" / table).iterdir())) == blocks


def test_a_resumed_build_plans_the_blocks_it_began_with(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cells that were learned since must not move the limits of blocks."""
    planned: list[tuple[int, ...]] = []
    real = plan_blocks

    def plan(source: GriddedSource, cells: int, budget: int, most_years: int) -> Any:  # noqa: ANN401
        planned.append((len(source.variables), cells, budget))
        return real(source, cells, budget, most_years)

    monkeypatch.setattr(loader.building.loading, "plan_blocks", plan)
    _interrupt(sources, tmp_path, parts=5)
    first = planned.copy()
    planned.clear()
    run(sources, tmp_path)
    assert planned == first


def test_what_was_learned_about_cells_may_be_lost(
    stopped: Path, sources: Sources, tmp_path: Path
) -> None:
    folder = copy(stopped, tmp_path)
    shutil.rmtree(folder.parent / "cells")
    (folder.parent / "cells").mkdir()
    run(sources, tmp_path)
    assert differences(tmp_path, EXPECTED, sources) == []


def test_leftovers_of_other_options_are_dropped_with_a_notice(
    stopped: Path, sources: Sources, tmp_path: Path
) -> None:
    copy(stopped, tmp_path)
    listener = Notices()
    report = run(sources, tmp_path, cells="all", reporter=listener)
    assert report.reused_parts == 0
    assert any("removed the files" in notice for notice in listener.notices)
    assert differences(tmp_path, Expected(STATE, ELUC, "all"), sources) == []
    assert published_files(tmp_path) == ["luc.duckdb", "parquet"]


def test_a_failed_overwrite_leaves_the_old_build_as_it_was(
    finished: BuildReport, sources: Sources, tmp_path: Path
) -> None:
    copy(finished, tmp_path)
    before = {k: v for k, v in content_of(tmp_path).items() if not k.startswith(".luc-load")}
    with crash("writing a part", after=2):
        run(sources, tmp_path, cells="all", overwrite=True)
    after = {k: v for k, v in content_of(tmp_path).items() if not k.startswith(".luc-load")}
    assert after == before
    assert differences(tmp_path, EXPECTED, sources) == []


def test_a_source_that_changes_while_it_is_read_is_an_error(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = _copies(sources, tmp_path)
    path = copies["states"][0]

    def append() -> None:
        # The last byte belongs to no chunk that is read.
        with path.open("ab") as file:
            file.write(b"x")

    before(monkeypatch, "inserting", append)
    with pytest.raises(SourceError, match="changed while it was being read") as caught:
        run(copies, tmp_path / "out")
    assert str(copies["states"][0]) in str(caught.value)
    assert published_files(tmp_path / "out") == []


def _text(path: Path) -> None:
    path.write_text("my notes, not a database\n")


def _foreign_duckdb(path: Path) -> None:
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE mine AS SELECT 42 AS answer").fetchall()


def _sqlite(path: Path) -> None:
    con = sqlite3.connect(path)
    con.execute("CREATE TABLE mine (answer)")
    con.commit()
    con.close()


def _build_table_of_another_kind(path: Path) -> None:
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE SCHEMA meta").fetchall()
        con.execute("CREATE TABLE meta.build (name VARCHAR, took INTERVAL)").fetchall()


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    "make",
    [
        _text,
        _foreign_duckdb,
        _build_table_of_another_kind,
        _sqlite,
        lambda path: path.touch(),
        lambda path: path.mkdir(),
        lambda path: path.symlink_to("nowhere"),
    ],
    ids=["text", "DuckDB", "other build table", "SQLite", "empty", "folder", "broken link"],
)
def test_a_foreign_file_is_never_replaced(
    make: Callable[[Path], None], overwrite: bool, sources: Sources, tmp_path: Path
) -> None:
    target = tmp_path / "luc.duckdb"
    make(target)
    before = content_of(tmp_path)
    with pytest.raises(OutputError):
        run(sources, tmp_path, overwrite=overwrite)
    after = {k: v for k, v in content_of(tmp_path).items() if not k.startswith(".luc-load")}
    assert after == before
    assert published_files(tmp_path) == ["luc.duckdb"]


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("record", [None, "[1]", '{"name": "mine"}', "no json"])
def test_a_foreign_parquet_folder_is_never_replaced(
    record: str | None, overwrite: bool, sources: Sources, tmp_path: Path
) -> None:
    folder = tmp_path / "parquet"
    folder.mkdir()
    pq.write_table(pa.table({"mine": [1]}), folder / "mine.parquet")
    if record is not None:
        (folder / "build.json").write_text(record)
    before = content_of(tmp_path)
    with pytest.raises(OutputError, match="not made by luc-load"):
        run(sources, tmp_path, overwrite=overwrite)
    after = {k: v for k, v in content_of(tmp_path).items() if not k.startswith(".luc-load")}
    assert after == before


def test_an_output_below_a_file_is_refused(sources: Sources, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(OutputError, match="folder"):
        run(sources, tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_second_build_at_once_is_refused(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[object] = []

    def build_again() -> None:
        if not refused:
            with pytest.raises(OutputBusyError, match="another build") as caught:
                run(sources, tmp_path)
            refused.append(caught)

    before(monkeypatch, "inserting", build_again)
    assert run(sources, tmp_path).outcome == "built"
    assert refused


@pytest.mark.parametrize("form", ["undecoded", "decoded", "chunked", "transposed", "loaded"])
def test_data_sets_in_memory_give_the_same_as_files(
    form: str, sources: Sources, tmp_path: Path
) -> None:
    opened = {
        name: xr.open_dataset(path, decode_times=False, mask_and_scale=form != "undecoded")
        for name, (path, _) in sources.items()
    }
    given: dict[str, Any] = dict(opened)
    if form == "chunked":
        given = {k: d.chunk({"time": 2, "lat": 5, "lon": 7}) for k, d in opened.items()}
    elif form == "transposed":
        given = {k: d.transpose("lon", "time", ...) for k, d in opened.items()}
    elif form == "loaded":
        given = {k: d.load() for k, d in opened.items()}
    before = {name: dataset.copy(deep=True) for name, dataset in given.items()}
    report = build(**given, out=tmp_path)
    for name, dataset in given.items():
        xr.testing.assert_identical(dataset, before[name])
        for variable in dataset.variables:
            assert dataset[variable].dtype == before[name][variable].dtype
        assert dataset.isel(lat=0, lon=0).load() is not None
        opened[name].close()
    assert report.outcome == "built"
    found = differences(tmp_path, EXPECTED, sources)
    assert [problem for problem in found if not problem.startswith("source.")] == []


def test_a_decoded_time_axis_of_dates_gives_the_same_years(
    sources: Sources, tmp_path: Path
) -> None:
    with xr.open_dataset(sources["eluc"][0], decode_times=False) as dataset:
        dates = np.array([f"{year}-07-01" for year in YEARS], dtype="datetime64[ns]")
        build(eluc=dataset.assign_coords(time=dates), out=tmp_path)
    found = differences(tmp_path, Expected(None, ELUC), {"eluc": sources["eluc"]})
    assert [problem for problem in found if not problem.startswith("source.")] == []


@pytest.mark.parametrize("cells", ["data", "land", "all"])
def test_transitions_and_management_load_by_the_same_rule(cells: str, tmp_path: Path) -> None:
    contents = {
        "states": STATE,
        "transitions": state_content(
            23, PLACE, YEARS[:-1], names=("primf_to_urban", "primf_harv", "extra"), masks="any"
        ),
        "management": state_content(
            24, PLACE, YEARS, names=("fertl_c3ann", "flood"), masks="growing"
        ),
    }
    form = Form(south_first=True, longitude="positive")
    units = {"primf_to_urban": "1", "primf_harv": "1", "fertl_c3ann": "kg ha-1 yr-1", "flood": "1"}
    given: dict[str, Any] = {}
    for name, content in contents.items():
        given[name] = write(tmp_path / f"{name}.nc", content, form)
        with netCDF4.Dataset(given[name], "a") as file:
            for variable in units.keys() & file.variables.keys():
                file[variable].units = units[variable]
    build(**given, out=tmp_path / "out", cells=cells)
    with duckdb.connect(str(tmp_path / "out" / "luc.duckdb"), read_only=True) as con:
        for name, table in (("transitions", "transition"), ("management", "management")):
            content = contents[name]
            shape = (len(content.years), PLACE.n_lat * PLACE.n_lon)
            flat = {k: v.reshape(shape) for k, v in content.values.items()}
            stored = ~np.all([np.isnan(v) for v in flat.values()], axis=0)
            if cells == "land":
                stored = stored & EXPECTED.is_land
            elif cells == "all":
                stored = np.ones(shape, dtype=bool)
            year, cell = np.nonzero(stored)
            found = con.sql(f"SELECT * FROM {table} ORDER BY year, cell_id").to_arrow_table()
            assert found.column_names == ["cell_id", "year", *flat]
            assert found.column("cell_id").to_pylist() == cell.tolist()
            assert found.column("year").to_pylist() == [content.years[k] for k in year]
            for column, values in flat.items():
                assert not found.column(column).is_nan().to_numpy().any()
                numbers = found.column(column).to_numpy()
                np.testing.assert_array_equal(numbers, values[stored])
        rows = con.execute("SELECT name, first_year, last_year FROM source").fetchall()
    assert rows == [(n, c.years[0], c.years[-1]) for n, c in contents.items()]


def test_workers_and_memory_do_not_change_a_byte_of_the_data_set(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(sources, tmp_path / "a", workers=1)
    run(sources, tmp_path / "b", workers=3, memory_limit="2GiB")
    for table in ("eluc", "state"):
        a, b = (content_of(tmp_path / out / "parquet" / table) for out in "ab")
        assert {k: v[0] for k, v in a.items()} == {k: v[0] for k, v in b.items()}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"cells": "some"}, UsageError),
        ({"years": "1955:1950"}, UsageError),
        ({"years": "abc"}, UsageError),
        ({"workers": 0}, UsageError),
        ({"memory_limit": "1MB"}, UsageError),
        ({"memory_limit": "plenty"}, UsageError),
        ({"storage_version": "1"}, UsageError),
        ({"storage_version": "v1'; DROP TABLE x; --"}, UsageError),
        ({"sample": True}, UsageError),
        ({"years": "1700:1800"}, SourceError),
        ({"states": "/nowhere/states.nc"}, SourceMissingError),
    ],
)
def test_wrong_options_are_refused_before_anything_is_written(
    options: dict[str, Any], error: type[LucLoadError], sources: Sources, tmp_path: Path
) -> None:
    given = {name: path for name, (path, _) in sources.items()} | options
    with pytest.raises(error):
        build(out=tmp_path, **given)
    assert published_files(tmp_path) == []


def test_one_file_given_twice_is_refused(sources: Sources, tmp_path: Path) -> None:
    link = tmp_path / "link.nc"
    link.symlink_to(sources["states"][0])
    with pytest.raises(SourceError, match="is named by both --states and --eluc"):
        build(states=sources["states"][0], eluc=link, out=tmp_path / "out")


def test_a_block_larger_than_the_memory_for_blocks_is_cut_by_rows(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Options, "block_bytes", 2000)
    run(sources, tmp_path)
    assert len(list((tmp_path / "parquet" / "state").glob("*.parquet"))) > 3
    assert differences(tmp_path, EXPECTED, sources) == []


def _flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    # Not in the header or the footer, which hold little; in a database in every block of 256 KiB,
    # for the end of a block may be empty.
    for begin in range(len(data) // 3, len(data) - 64, 2**16):
        for place in range(begin, begin + 64):
            data[place] ^= 0xFF
    path.write_bytes(data)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def _emptied(path: Path) -> None:
    rows = pq.read_table(path)
    pq.write_table(rows.slice(1), path)


STAGED: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "database, flipped": ("luc.duckdb", _flipped),
    "database, cut": ("luc.duckdb", _cut),
    "part, flipped": ("parquet/state/*.parquet", _flipped),
    "part, cut": ("parquet/eluc/*.parquet", _cut),
    "part, gone": ("parquet/eluc/*.parquet", Path.unlink),
    "small table, other rows": ("parquet/cell/cell.parquet", _emptied),
    "small table, gone": ("parquet/year/year.parquet", Path.unlink),
    "record, without tables": ("record.json", lambda path: path.write_text("{}")),
}


@pytest.fixture(scope="module")
def waiting(sources: Sources, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the output of a build that was killed while it was published, for tests to copy."""
    real = Path.replace

    def killed_at_database(path: Path, target: Path) -> Path:
        if path.name == "luc.duckdb":
            raise KeyboardInterrupt
        return real(path, target)

    @cache
    def make(parquet: str) -> Path:
        out = tmp_path_factory.mktemp("waiting")
        with pytest.MonkeyPatch.context() as patch:
            limit_blocks(patch, 2)
            if parquet != "exchanged for none":
                run(sources, out, years=":1952")
            if parquet == "in the stage":
                fail(patch, "publishing", error=KeyboardInterrupt())
            else:
                patch.setattr(Path, "replace", killed_at_database)
            with pytest.raises(KeyboardInterrupt):
                run(sources, out, overwrite=True)
        return out

    return make


LEFT = ("none", *(damage for damage, (name, _) in STAGED.items() if "/" not in name))
"""What can happen to a stage whose dataset was exchanged already."""


@pytest.mark.parametrize(
    ("parquet", "damage"),
    [
        *(("in the stage", damage) for damage in (*STAGED, "none")),
        *(
            pytest.param(parquet, damage, marks=pytest.mark.slow)
            for parquet in ("exchanged", "exchanged for none")
            for damage in LEFT
            if damage != "none"
        ),
        ("exchanged", "none"),
        ("exchanged for none", "none"),
    ],
)
def test_a_finished_build_that_waits_is_read_again_before_it_is_published(
    parquet: str, damage: str, tmp_path: Path, sources: Sources, waiting: Callable[[str], Path]
) -> None:
    out = tmp_path / "out"
    copy(waiting(parquet), out)
    stage = out / ".luc-load" / "stage"
    assert (stage / "parquet").exists() == (parquet == "in the stage")
    if damage != "none":
        name, spoil = STAGED[damage]
        spoil(min(stage.glob(name)))
    listener = Notices()
    report = run(sources, out, overwrite=True, reporter=listener)
    assert report.outcome == ("published" if damage == "none" else "built")
    assert differences(out, EXPECTED, sources) == []
    assert not (out / ".luc-load").exists()
    reported = any("is damaged; rebuilding it" in notice for notice in listener.notices)
    assert reported == (damage not in {"none", "record, without tables"})


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_totals_are_the_same_in_whatever_pieces_they_are_added(
    rows: int, sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader.building.groupsums, "_ROWS_AT_ONCE", rows)
    run(sources, tmp_path)
    assert differences(tmp_path, EXPECTED, sources) == []


def test_an_area_that_none_has_is_computed(
    finished: BuildReport, sources: Sources, tmp_path: Path
) -> None:
    path = tmp_path / "eluc.nc"
    shutil.copyfile(sources["eluc"][0], path)
    with netCDF4.Dataset(path, "a") as file:
        area = file["cell_area"][:].filled(0).ravel()
        area[:3] = (0.0, -area[1], np.nan)
        file["cell_area"][:] = area.reshape(file["cell_area"].shape)
    build(states=sources["states"][0], eluc=path, out=tmp_path / "after")
    found = {}
    for name, out in (("before", finished.database.parent), ("after", tmp_path / "after")):
        with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
            area_ha = con.execute("SELECT area_ha FROM cell ORDER BY cell_id").fetchnumpy()[
                "area_ha"
            ]
        found[name] = area_ha
    changed = np.flatnonzero(found["before"] != found["after"])
    assert 0 < len(changed) <= 3
    computed = np.repeat(
        Grid(
            PLACE.n_lat, PLACE.n_lon, PLACE.north, PLACE.west, PLACE.step_lat, PLACE.step_lon
        ).cell_area_ha(),
        PLACE.n_lon,
    )
    np.testing.assert_array_equal(found["after"][changed], computed[changed])
