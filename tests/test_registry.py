"""A source that only the registry knows does everything that the others do."""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import netCDF4
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xarray as xr
from click.testing import CliRunner
from files import GRIDS, Content, Form, write

import loader
from loader import UsageError, build
from loader.cli import commands
from loader.fetching.addresses import choose
from loader.querying.diagnosis import missing_sources
from loader.querying.formats import EXPORT_FORMATS, FORMATS, QUERY_FORMATS, choose_format
from loader.sampling import is_synthetic, sample_files, write_sample
from loader.schema import SOURCES, Download, Source, Variable

PLACE = GRIDS["region"]
YEARS = (2000, 2001, 2002)

FIRES = Source(
    name="fires",
    table="fire",
    file="fires.nc",
    title="Burned area of a test",
    variables=(Variable("burned", "burned", "1", "burned fraction of the cell"),),
    download=Download("https://example.org/fires.nc", 1234, f"md5:{'0' * 32}"),
    value_bytes=(1000.0, 2000.0),
)


@pytest.fixture(scope="module", autouse=True)
def _registered() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SOURCES, "fires", FIRES)
        yield


def fires(path: Path, offset: float = 0.0) -> Path:
    """Write a file of fractions, with missing cells, each raised by an offset."""
    rng = np.random.default_rng(7)
    drawn = rng.random((len(YEARS), *PLACE.shape), dtype=np.float32) + np.float32(offset)
    drawn[:, rng.random(PLACE.shape) < 0.4] = np.nan
    write(path, Content(PLACE, YEARS, {"burned": drawn}), Form())
    with netCDF4.Dataset(path, "a") as file:
        file["burned"].units = "1"
    return path


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the usual file of the source."""
    folder = tmp_path_factory.mktemp("raw")
    fires(folder / FIRES.file)
    return folder


@pytest.fixture(scope="module")
def database(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    report = build(sources={"fires": raw / FIRES.file}, raw=raw / "nothing", out=out)
    assert [table.name for table in report.tables] == ["fire"]
    return report.database


def stored(raw: Path) -> pd.DataFrame:
    """What the table must hold, computed from the file alone."""
    with xr.open_dataset(raw / FIRES.file, decode_times=False) as dataset:
        values = dataset["burned"].transpose("time", "lat", "lon").sortby("lat", ascending=False)
        found = values.to_numpy()
    rows = [
        (cell, year, value)
        for step, year in enumerate(YEARS)
        for cell, value in enumerate(found[step].ravel())
        if not np.isnan(value)
    ]
    return pd.DataFrame(rows, columns=["cell_id", "year", "burned"])


def test_the_table_holds_the_file(database: Path, raw: Path) -> None:
    result = loader.query('FROM fire ORDER BY "year", cell_id', database).df()
    pd.testing.assert_frame_equal(result, stored(raw), check_dtype=False)


def test_the_table_and_its_columns_are_described(database: Path) -> None:
    with loader.connect(database) as con:
        (comment,) = con.sql(
            "SELECT comment FROM duckdb_tables() WHERE table_name = 'fire'"
        ).fetchall()[0]
        entries = con.sql(
            "SELECT column_name, data_type, unit, description FROM data_dictionary "
            "WHERE table_name = 'fire'"
        ).fetchall()
        (column,) = con.sql(
            "SELECT comment FROM duckdb_columns() "
            "WHERE table_name = 'fire' AND column_name = 'burned'"
        ).fetchall()[0]
    assert comment.startswith(f"{FIRES.title}: the variables of fires.nc, one row for a cell and")
    assert ("burned", "FLOAT", "1", "burned fraction of the cell") in entries
    assert {entry[0] for entry in entries} == {"cell_id", "year", "burned"}
    assert column == "burned fraction of the cell [unit: 1]"


def test_info_and_check_know_it(database: Path) -> None:
    info = loader.info(database)
    assert [table.name for table in info.tables] == ["fire"]
    assert "fires  2000-2002" in info.text()
    report = loader.check(database)
    assert [result.name for result in report.results if result.status == "failed"] == []
    ranges = next(result for result in report.results if result.name == "out_of_range")
    assert ranges.status == "ok"


def test_check_proves_the_range_of_its_variables(raw: Path, tmp_path: Path) -> None:
    path = fires(tmp_path / "fires.nc", offset=0.5)
    report = build(sources={"fires": path}, raw=tmp_path / "nothing", out=tmp_path / "out")
    failed = [r.name for r in loader.check(report.database).results if r.status == "failed"]
    assert failed == ["out_of_range"]


def test_rows_and_grids_are_exported(database: Path, raw: Path, tmp_path: Path) -> None:
    loader.export(database, out=tmp_path / "fire.csv", what="fire")
    rows = pd.read_csv(tmp_path / "fire.csv")
    assert len(rows) == len(stored(raw))
    loader.export(database, out=tmp_path / "fire.nc", what="fire")
    with (
        xr.open_dataset(raw / FIRES.file, decode_times=False) as wanted,
        xr.open_dataset(tmp_path / "fire.nc", decode_times=False) as copy,
        loader.open_dataset(database, "fire") as opened,
    ):
        np.testing.assert_array_equal(copy["burned"].to_numpy(), wanted["burned"].to_numpy())
        np.testing.assert_array_equal(opened["burned"].to_numpy(), wanted["burned"].to_numpy())


def test_the_table_may_be_a_view_of_its_parquet_files(raw: Path, tmp_path: Path) -> None:
    sources = {"fires": raw / FIRES.file}
    report = build(sources=sources, raw=tmp_path, out=tmp_path / "out", tables="views")
    rows = loader.query('FROM fire ORDER BY "year", cell_id', report.database).df()
    pd.testing.assert_frame_equal(rows, stored(raw), check_dtype=False)
    assert loader.check(report.database).holds


def test_the_usual_file_is_loaded_with_the_others(raw: Path, tmp_path: Path) -> None:
    report = build(raw=raw, out=tmp_path, all=True, dry_run=True)
    (table,) = report.tables
    assert table.name == "fire"
    # The estimate takes what the registry says of a value.
    assert report.parquet_bytes > 1000 * table.rows


@pytest.fixture
def command() -> Iterator[click.Command]:
    """`luc-load build` as it is defined with the source in the registry."""
    module = importlib.import_module("loader.commands.build")
    yield importlib.reload(module).build
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(SOURCES, "fires")
        importlib.reload(module)


def test_the_command_has_an_option(command: click.Command, raw: Path, tmp_path: Path) -> None:
    options = ["--fires", str(raw / FIRES.file), "-o", str(tmp_path / "out"), "--dry-run"]
    done = CliRunner().invoke(command, [*options, "--raw", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "fire " in done.stdout
    assert FIRES.title in CliRunner().invoke(command, ["--help"]).stdout


def test_a_query_names_the_option_that_loads_it(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SOURCES, "floods", replace(FIRES, name="floods", table="flood"))
    with loader.connect(database) as con:
        assert missing_sources(con, ["fire", "flood"]) == [
            "flood was not loaded; luc-load build --floods loads it"
        ]
    with pytest.raises(loader.DatabaseError, match="luc-load build --floods does"):
        loader.query("FROM flood", database)


def test_it_is_downloaded_from_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    (remote,) = choose({}, "fires", everything=False)
    assert (remote.url, remote.file, remote.size) == (FIRES.download.url, "fires.nc", 1234)  # type: ignore[union-attr]
    assert "fires" in [one.name for one in choose({}, None, everything=True)]
    monkeypatch.setitem(SOURCES, "fires", replace(FIRES, download=None))
    assert "fires" not in [one.name for one in choose({}, None, everything=True)]
    with pytest.raises(UsageError, match="no address is known for fires; name one with --fires"):
        choose({}, "fires", everything=False)
    (remote,) = choose({"fires": "http://a/b.nc"}, "fires", everything=False)
    assert remote.url == "http://a/b.nc"


def test_a_sample_is_made_of_it(tmp_path: Path) -> None:
    assert sample_files()["fires"] == "fires.nc"
    (path,) = write_sample(tmp_path, years=(2000, 2001), resolution=2, only=["fires"])
    assert is_synthetic(path)
    with xr.open_dataset(path, decode_times=False) as dataset:
        values = dataset["burned"].to_numpy()
    assert values.shape == (2, 90, 180)
    assert np.nanmin(values) >= 0
    assert np.nanmax(values) <= 1
    assert np.nanstd(values) > 0.1
    assert np.nanmax(np.abs(values[1] - values[0])) > 0


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ({"floods": "f.nc"}, "sources names 'floods'; expected any of eluc, states, transitions,"),
        ({"states": "other.nc"}, "states is set twice"),
    ],
)
def test_a_source_is_named_once_and_known(
    sources: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        build(states="s.nc", sources=sources, out=tmp_path)


@pytest.mark.parametrize(
    ("name", "allowed"), [("query", QUERY_FORMATS), ("export", EXPORT_FORMATS)]
)
def test_formats_are_chosen_by_what_the_registry_says(name: str, allowed: tuple[str, ...]) -> None:
    for one in map(FORMATS.__getitem__, allowed):
        for suffix in one.suffixes:
            assert choose_format(f"x{suffix}", None, allowed, allowed[0]) is one
            if one.is_binary:
                with pytest.raises(UsageError, match=r"leave out \.gz"):
                    choose_format(f"x{suffix}.gz", None, allowed, allowed[0])
            else:
                assert choose_format(f"x{suffix}.gz", None, allowed, allowed[0]) is one
        if one.is_grid:
            with pytest.raises(UsageError, match="cannot be written to standard output"):
                choose_format("-", one.name, allowed, allowed[0])
    (option,) = (p for p in commands.commands[name].params if p.name == "file_format")
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == allowed


def test_every_format_of_rows_has_a_writer() -> None:
    schema = pa.schema([("a", pa.int32())])
    rows = pa.record_batch([pa.array([1, 2], pa.int32())], schema=schema)
    for one in FORMATS.values():
        if not one.is_grid:
            file = io.BytesIO()
            sink = one.new_sink(file, schema)
            sink.write(rows)
            sink.close()
            assert file.getvalue(), one.name
