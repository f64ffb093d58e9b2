"""`luc-load info` and its library function: what a database says of itself."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import xarray as xr
from builds import crash

from loader import OutputError, SourceError, SourceMissingError, build, write_sample
from loader.description import database_info
from loader.storing.record import parse_record
from loader.terminal import TerminalReporter


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("info")
    write_sample(folder / "raw", years=(2015, 2018), resolution=2, only=["eluc", "states"])
    build(raw=folder / "raw", out=folder / "out", years="2016:2019")
    return folder / "out"


def test_the_figures_are_those_of_the_tables(built: Path) -> None:
    found = database_info(built)
    con = duckdb.connect(str(built / "luc.duckdb"), read_only=True)
    for table in found.tables:
        counted = con.execute(
            "SELECT count(*), min(year), max(year), count(DISTINCT year), count(DISTINCT cell_id) "
            f"FROM {table.name}"
        ).fetchall()[0]
        assert counted == (
            table.rows,
            table.first_year,
            table.last_year,
            table.years,
            table.cells,
        )
    con.close()
    assert {table.name for table in found.tables} == {"eluc", "state"}
    assert found.size == (built / "luc.duckdb").stat().st_size
    assert found.options["years"] == [2016, 2019]


@pytest.mark.parametrize(
    ("years", "said"),
    [([None, None], "all"), ([0, 10], "0:10"), ([None, 0], ":0"), ([1990, None], "1990:")],
)
def test_the_years_asked_for_are_told(built: Path, years: list[int | None], said: str) -> None:
    found = database_info(built)
    asked = replace(found, options={**found.options, "years": years})
    assert f"\nyears {said}, cells data\n" in asked.text()


def test_synthetic_sources_are_named_as_such(built: Path) -> None:
    found = database_info(built / "luc.duckdb")
    assert found.synthetic
    assert all(source.synthetic for source in found.sources)
    assert "SYNTHETIC sources" in found.text()
    assert found.text().count("SYNTHETIC\n") == 2


def test_a_data_set_of_another_build_is_not_taken_for_its_own(built: Path, tmp_path: Path) -> None:
    assert database_info(built).parquet == built / "parquet"
    record = built / "parquet" / "build.json"
    kept = record.read_text()
    try:
        record.write_text(json.dumps({**json.loads(kept), "build_id": "another"}))
        found = database_info(built)
    finally:
        record.write_text(kept)
    assert found.parquet is None
    assert "no dataset of the same build" in found.text()


def test_an_unfinished_build_beside_it_is_told_of(built: Path) -> None:
    raw = built.parent / "raw"
    with crash("completing the dataset", error=SourceError("a.nc", "is gone")):
        build(raw=raw, out=built, years="2017:2018", overwrite=True)
    try:
        found = database_info(built)
        assert found.unfinished is not None
        assert found.unfinished.parts == 2, "a block of each table"
        assert found.unfinished.process is None
        for table in found.unfinished.tables:
            assert (table.years, table.of_years) == (2, 2)
            assert table.rows > 0
            assert table.share > 0.9
        assert "2 parts stored" in found.text()
        assert found.options["years"] == [2016, 2019]
    finally:
        build(raw=raw, out=built, years="2017:2018", overwrite=True)
        after = database_info(built)
        build(raw=raw, out=built, years="2016:2019", overwrite=True)
    assert after.unfinished is None
    assert after.options["years"] == [2017, 2018]


def test_a_refused_build_leaves_what_another_had_stored(built: Path) -> None:
    raw = built.parent / "raw"
    with crash("completing the dataset", error=SourceError("a.nc", "is gone")):
        build(raw=raw, out=built, years="2017:2018", overwrite=True)
    with pytest.raises(OutputError, match="overwrite"):
        build(raw=raw, out=built, years="2018:2018")
    report = build(raw=raw, out=built, years="2017:2018", overwrite=True)
    assert report.reused_parts == 2
    build(raw=raw, out=built, years="2016:2019", overwrite=True)


def test_what_is_no_database_of_ours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match="no such database"):
        database_info(tmp_path)
    other = tmp_path / "other.duckdb"
    con = duckdb.connect(str(other))
    con.execute("CREATE SCHEMA meta")
    con.execute("CREATE TABLE meta.build (x INTEGER)")
    con.close()
    with pytest.raises(SourceError, match="was not made by luc-load"):
        database_info(other)


def test_what_a_file_says_of_itself_cannot_drive_a_terminal(built: Path, tmp_path: Path) -> None:
    with xr.open_dataset(built.parent / "raw" / "states.nc", decode_times=False) as dataset:
        dataset.attrs |= {"title": "\x1b]0;mine\x07 two\nlines", "license": "free\x9b2J"}
        build(states=dataset, out=tmp_path, years="2016")
    text = database_info(tmp_path).text()
    assert not set(text) & set("\x1b\x07\x9b")
    assert "    \\x1b]0;mine\\x07 two\\nlines\n" in text
    stream = io.StringIO()
    TerminalReporter(stream).notice("\x1b[2Jcleared")
    assert stream.getvalue() == "luc-load: \\x1b[2Jcleared\n"


def test_countries_are_counted_by_whose_borders_they_have(built: Path) -> None:
    info = database_info(built)
    assert info.countries == (240, 0)
    assert "\nCountries: 240 in today's borders (Natural Earth)\n" in info.text()
    both = replace(info, countries=(240, 12)).text()
    assert "(Natural Earth); 12 in the pre-1991 borders of LUH2's static grid\n" in both


RECORD = {"options": {"years": [None, None], "cells": "data"}, "tables": []}


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "[]", "{}", "no json", "[" * 100_000),
        '{"options": []}',
        json.dumps(RECORD | {"options": {"cells": "data"}}),
        json.dumps(RECORD | {"options": {"years": [1, "x"], "cells": "data"}}),
        json.dumps(RECORD | {"options": {"years": [None, None], "cells": []}}),
        json.dumps(RECORD | {"options": RECORD["options"] | {"tables": "views"}}),  # type: ignore[operator]
        json.dumps(RECORD | {"tables": [{"name": "eluc"}]}),
        json.dumps(RECORD | {"tables": {}}),
    ],
    ids=lambda text: text[:60],
)
def test_a_malformed_record_is_an_error_of_the_file(text: str, built: Path, tmp_path: Path) -> None:
    path = tmp_path / "luc.duckdb"
    path.write_bytes((built / "luc.duckdb").read_bytes())
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE meta.build SET options = ?", [text])
    with pytest.raises(SourceError, match="record of the build is damaged"):
        database_info(path)
    with pytest.raises(OutputError, match="was not made by luc-load"):
        build(raw=built.parent / "raw", out=tmp_path, overwrite=True)


def test_a_record_of_a_build_is_parsed() -> None:
    assert parse_record(json.dumps(RECORD)) == RECORD
