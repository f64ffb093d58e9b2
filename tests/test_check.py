"""`luc-load check`: it holds on a good build, and each fault it is there for makes it fail."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

import duckdb
import netCDF4
import numpy as np
import pytest
import xarray as xr
from command import luc_load

from loader import build
from loader.catalog.sqlfiles import read_files, render
from loader.checking.check import check_database
from loader.checking.results import BadRow, CheckReport, CheckResult
from loader.checking.sqlchecks import SQL_CHECKS
from loader.checking.subject import Subject
from loader.errors import SourceError, SourceMissingError
from loader.landuses import land_uses_of
from loader.sampling import write_sample
from loader.schema import FRACTIONS, transition_variables

YEARS = (2010, 2013)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    write_sample(folder, years=YEARS, resolution=2)
    return folder


@pytest.fixture(scope="module")
def good(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("good")
    build(raw=raw, all=True, out=out)
    return out


@pytest.fixture(scope="module")
def good_report(good: Path) -> CheckReport:
    return check_database(good)


@pytest.fixture
def copy(good: Path, tmp_path: Path) -> Path:
    """The folder of a build that a test may spoil."""
    return Path(shutil.copytree(good, tmp_path / "copy"))


def spoil(folder: Path, *statements: str) -> None:
    with duckdb.connect(str(folder / "luc.duckdb")) as con:
        for text in statements:
            con.execute(text).fetchall()


def failed(folder: Path, *only: str) -> dict[str, CheckResult]:
    results = check_database(folder, only=only or None).results
    return {result.name: result for result in results if result.status == "failed"}


def test_everything_holds_on_a_good_build(good_report: CheckReport) -> None:
    statuses = {result.name: result.status for result in good_report.results}
    assert good_report.holds
    assert statuses.pop("published_totals") == "skipped"
    assert set(statuses.values()) == {"ok"}
    assert set(statuses) | {"published_totals"} == {
        *("catalog", "record", "file", "contents", "parquet"),
        *(check.name for check in SQL_CHECKS),
    }
    assert {check.name for check in SQL_CHECKS} == set(read_files("sql/checks"))


def test_a_name_of_a_column_cannot_drive_the_terminal() -> None:
    result = CheckResult("totals", "", "failed", "1 bad", worst=(BadRow("state.\x1b[2J"),))
    assert result.text().endswith("1 bad\n    state.\\x1b[2J")


def test_figures_are_those_of_the_files(good_report: CheckReport, raw: Path) -> None:
    figures = {result.name: result.figures for result in good_report.results}
    with xr.open_dataset(raw / "states.nc", decode_times=False) as states:
        cells = int(states.primf[0].notnull().sum())
        years = states.sizes["time"]
        total = sum(states[use].astype("float64") for use in FRACTIONS)
        with xr.open_dataset(raw / "staticData_quarterdeg.nc", decode_times=False) as static:
            excess = float(abs(total - 1 + static.icwtr.astype("float64").values).max())
    assert figures["state_sums"]["counted"] == cells * years
    assert figures["state_sums"]["largest_excess"] == pytest.approx(excess, rel=1e-6)
    assert figures["mass_balance"]["counted"] == cells * (years - 1)
    assert 0 < figures["mass_balance"]["largest_balance"] < 1e-6
    assert figures["primary_growth"]["counted"] == 2 * cells * (years - 1)
    assert figures["alignment"]["lag 0"] > 0.3


@pytest.mark.parametrize("name", sorted(read_files("sql/checks")))
def test_a_check_returns_no_row_of_a_good_build(good: Path, name: str) -> None:
    path = good / "luc.duckdb"
    with closing(duckdb.connect(str(path), read_only=True)) as con:
        values = Subject.of(con, path).template_values | {"figures": False}
        found = con.execute(render(read_files("sql/checks")[name], values))
        names = [column[0] for column in found.description]
        assert names == ["variable", "cell_id", "year", "value", "expected", "note"]
        rows = found.fetchall()
    if name == "published_totals":  # of a synthetic world
        rows = []
    assert rows == []


SOME_CELL = "(SELECT min(cell_id) FROM state)"
FAULTS = {
    "a row twice": (
        [f"INSERT INTO state SELECT * FROM state WHERE year = 2011 AND cell_id = {SOME_CELL}"],
        {"contents": "2011", "unique_rows": "2011"},
    ),
    "a cell twice": (
        ["INSERT INTO cell SELECT * FROM cell WHERE cell_id = 7"],
        {"contents": "cell", "unique_rows": "cell 7"},
    ),
    "a year twice": (
        ['INSERT INTO "year" SELECT * FROM "year" WHERE year = 2012'],
        {"contents": "year", "unique_rows": "2012  year"},
    ),
    "a row missing": (
        [f"DELETE FROM eluc WHERE year = 2012 AND cell_id = {SOME_CELL}"],
        {"contents": "2012  eluc"},
    ),
    "a year missing": (
        ["DELETE FROM management WHERE year = 2010"],
        {"contents": "2010  management: 0"},
    ),
    "rows of a table that was not filled": (
        ["UPDATE eluc SET year = 2050 WHERE year = 2013"],
        {"contents": "2050  eluc", "known_keys": "not in year"},
    ),
    "a bit": (
        [f"UPDATE eluc SET eluc = eluc + 1e-6 WHERE year = 2013 AND cell_id = {SOME_CELL}"],
        {"contents": "2013  eluc: "},
    ),
    "a value exchanged between cells": (
        ["UPDATE state SET primf = 1 - primf WHERE year = 2010 AND primf > 0.9"],
        {"contents": "2010  state"},
    ),
    "an area": (["UPDATE cell SET area_ha = area_ha + 1 WHERE cell_id = 9"], {"contents": "cell"}),
    "a source": (["UPDATE source SET digest = 'sha256:0'"], {"contents": "source"}),
    "NaN": (
        [f"UPDATE state SET secma = 'NaN' WHERE year = 2011 AND cell_id = {SOME_CELL}"],
        {"not_finite": "state.secma: nan"},
    ),
    "infinity": (
        [f"UPDATE eluc SET eluc = '-inf' WHERE year = 2010 AND cell_id = {SOME_CELL}"],
        {"not_finite": "eluc.eluc: -inf"},
    ),
    "a key that leads nowhere": (
        [f"UPDATE eluc SET cell_id = 999999 WHERE year = 2010 AND cell_id = {SOME_CELL}"],
        {"known_keys": "2010  cell 999999"},
    ),
    "a negative key": (
        [f"UPDATE eluc SET cell_id = -1 WHERE year = 2010 AND cell_id = {SOME_CELL}"],
        {"known_keys": "2010  cell -1"},
    ),
    "a fraction above 1": (
        [f"UPDATE state SET urban = 1.00001 WHERE year = 2012 AND cell_id = {SOME_CELL}"],
        {"out_of_range": "state.urban: 1.00001", "state_sums": "2012"},
    ),
    "a fraction below 0": (
        [f"UPDATE transition SET secmf_harv = -0.1 WHERE year = 2012 AND cell_id = {SOME_CELL}"],
        {"out_of_range": "transition.secmf_harv: -0.1"},
    ),
    "a harvest below 0": (
        [f"UPDATE transition SET secyf_bioh = -1 WHERE year = 2012 AND cell_id = {SOME_CELL}"],
        {"out_of_range": "transition.secyf_bioh: -1"},
    ),
    "a share of crops above 1": (
        [f"UPDATE management SET irrig_c3ann = 2 WHERE year = 2012 AND cell_id = {SOME_CELL}"],
        {"out_of_range": "management.irrig_c3ann: 2"},
    ),
    "a sum that is off": (
        [f"UPDATE state SET range = range + 3e-5 WHERE year = 2010 AND cell_id = {SOME_CELL}"],
        {"state_sums": "2010", "mass_balance": "state range"},
    ),
    "primary land that grows": (
        ["UPDATE state SET primf = primf + 0.01, secdf = secdf - 0.01 WHERE year = 2013"],
        {"primary_growth": "2013"},
    ),
    "other primary land that grows": (
        ["UPDATE state SET primn = primn + 0.01, secdn = secdn - 0.01 WHERE year = 2013"],
        {"primary_growth": "primn: 0.01"},
    ),
    "a fraction missing": (
        [f"UPDATE state SET pastr = NULL WHERE year = 2011 AND cell_id = {SOME_CELL}"],
        {"partly_missing": "pastr"},
    ),
    "a transition missing": (
        [f"UPDATE transition SET range_to_c4per = NULL WHERE cell_id = {SOME_CELL}"],
        {"partly_missing": "range_to_c4per"},
    ),
    "a stored total of emissions": (
        ["UPDATE meta.eluc_total SET emission_mtc = emission_mtc * 1.0001 WHERE year = 2011"],
        {"totals": "2011  emission_mtc"},
    ),
    "a sum on the map": (
        ["UPDATE luc_map_1deg SET emission_tc = emission_tc + 1e9 WHERE year = 2011"],
        {"derived_tables": "2011  emission_tc"},
    ),
    "emissions that change places on the map": (
        # Their sum stays the same.
        [
            "CREATE TEMP TABLE m AS SELECT avg(emission_tc) FROM luc_map_1deg WHERE year = 2011",
            "UPDATE luc_map_1deg SET emission_tc = (FROM m) WHERE year = 2011 AND emission_tc > 0",
            "UPDATE luc_map_1deg SET emission_tc = (FROM m) WHERE year = 2011 AND emission_tc <= 0",
        ],
        {"derived_tables": "2011  emission_tc"},
    ),
    "a year that the map lacks": (
        ["DELETE FROM luc_map_1deg WHERE year = 2010"],
        {"derived_tables": "2010  area_ha"},
    ),
    "a stored total of land use": (
        ["UPDATE meta.state_total SET crop_mha = crop_mha + 1 WHERE year = 2010"],
        {"totals": "2010  crop_mha"},
    ),
    "a year written twice": (
        [
            "DELETE FROM meta.eluc_total WHERE year <> 2011",
            "INSERT INTO meta.eluc_total SELECT * REPLACE (2012 AS year) FROM meta.eluc_total",
        ],
        {"repeated_years": "2012  eluc"},
    ),
    "emissions a year late": (["UPDATE eluc SET year = year + 1"], {"alignment": "lag"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_and_named(good: Path, tmp_path: Path, fault: str) -> None:
    statements, expected = FAULTS[fault]
    shutil.copy(good / "luc.duckdb", tmp_path)
    spoil(tmp_path, *statements)
    found = failed(tmp_path, *expected)
    for name, text in expected.items():
        assert name in found, (name, list(found))
        assert text in found[name].text()
    assert not any("could not be made" in result.summary for result in found.values())


def test_no_more_rows_are_bad_than_were_looked_at(copy: Path) -> None:
    spoil(copy, "UPDATE state SET primf = primf + year / 1e4, primn = primn + year / 1e4")
    result = failed(copy, "primary_growth")["primary_growth"]
    assert 0 < result.bad_rows <= result.figures["counted"]


def test_bad_rows_have_their_place_and_the_worst_come_first(copy: Path) -> None:
    spoil(
        copy,
        "UPDATE state SET primf = primf + 0.25 WHERE year = 2013 AND cell_id = "
        "(SELECT max(cell_id) FROM state)",
        "UPDATE state SET primf = primf + 0.01 WHERE year = 2013",
    )
    result = failed(copy, "primary_growth")["primary_growth"]
    with duckdb.connect(str(copy / "luc.duckdb"), read_only=True) as con:
        cells = con.execute(
            "SELECT DISTINCT cell_id, lat, lon FROM state JOIN cell USING (cell_id)"
        ).fetchall()
    assert result.bad_rows > 0.9 * len(cells) > 10 == len(result.worst)
    first = result.worst[0]
    assert (first.cell_id, first.lat, first.lon) == max(cells)
    assert (first.year, first.variable, first.expected) == (2013, "primf", 0)
    assert first.value == pytest.approx(0.26, abs=1e-3)
    sizes = [row.value or 0 for row in result.worst]
    assert sizes == sorted(sizes, reverse=True)
    assert f"and {result.bad_rows - 10:,} more" in result.text()


PLACES = ("first", "last", "middle")
ALTERED = (
    ("primf_to_c3ann", "first", 2010, 0.01),
    ("c3ann_to_secdf", "last", 2013, 2e-4),
    ("urban_to_range", "middle", 2011, 0.3),
    ("pastr_to_urban", "first", 2013, -2e-4),
    ("primf_harv", "last", 2010, 0.002),
    ("primn_harv", "middle", 2013, 0.05),
    ("range_to_secdn", "first", 2012, 0.5),
    ("secdf_to_c4per", "middle", 2010, 1.2e-4),
)


@pytest.fixture(scope="module")
def altered(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> CheckReport:
    folder = tmp_path_factory.mktemp("altered")
    for name in ("states.nc", "transitions.nc"):
        shutil.copy(raw / name, folder)
    with netCDF4.Dataset(folder / "transitions.nc", "r+") as file:
        for name, place, year, change in ALTERED:
            step = year - YEARS[0]
            row, column = _stored_cells(file)[PLACES.index(place)]
            file[name][step, row, column] += np.float32(change)
    out = folder / "out"
    build(states=folder / "states.nc", transitions=folder / "transitions.nc", out=out)
    return check_database(out, only=["mass_balance"])


def _stored_cells(file: netCDF4.Dataset) -> list[tuple[int, int]]:
    filled = np.argwhere(~np.ma.getmaskarray(file["primf_harv"][0]))
    return [tuple(filled[position]) for position in (0, -1, len(filled) // 2)]


@pytest.mark.parametrize(("name", "place", "year", "change"), ALTERED)
def test_an_altered_transition_is_named(
    altered: CheckReport, raw: Path, name: str, place: str, year: int, change: float
) -> None:
    (result,) = altered.results
    assert result.status == "failed"
    assert result.bad_rows == len(ALTERED)
    with netCDF4.Dataset(raw / "transitions.nc") as file:
        row, column = _stored_cells(file)[PLACES.index(place)]
        cell = row * file.dimensions["lon"].size + column
    (found,) = (r for r in result.worst if (r.cell_id, r.year) == (cell, year))
    wrong = f"{name} too {'large' if change > 0 else 'small'}"
    assert wrong in found.variable.split(" or ")
    moves = land_uses_of(FRACTIONS, [variable.column for variable in transition_variables()]).moves
    (move,) = (move for move in moves if move.variable == name)
    assert found.note is not None
    assert move.origin in found.note
    assert move.target in found.note
    assert found.value == pytest.approx(abs(change), abs=1e-6)
    if name.endswith("_harv"):
        assert found.variable == wrong


def test_the_views_are_what_the_files_say(good: Path, raw: Path) -> None:
    with (
        xr.open_dataset(raw / "transitions.nc", decode_times=False) as moves,
        xr.open_dataset(raw / "states.nc", decode_times=False) as states,
        duckdb.connect(str(good / "luc.duckdb"), read_only=True) as con,
    ):
        net = con.execute("FROM transition_net ORDER BY year, cell_id").fetchnumpy()
        balance = con.execute("FROM mass_balance ORDER BY year, cell_id").fetchnumpy()
        for use in FRACTIONS:
            gained = [moves[m] for m in moves.data_vars if str(m).endswith(f"_to_{use}")]
            lost = [moves[m] for m in moves.data_vars if str(m).startswith(f"{use}_to_")]
            for primary, secondary in (("primf", "secdf"), ("primn", "secdn")):
                harvest = moves[f"{primary}_harv"]
                lost += [harvest] if use == primary else []
                gained += [harvest] if use == secondary else []
            zero = moves.primf_harv.astype("float64") * 0
            expected = sum((m.astype("float64") for m in gained), zero) - sum(
                (m.astype("float64") for m in lost), zero
            )
            stored = expected.values[~np.isnan(expected.values)]
            np.testing.assert_allclose(net[f"{use}_net"], stored, rtol=0, atol=1e-15)
            change = np.diff(states[use].astype("float64").values, axis=0)
            off = (change - expected.values)[~np.isnan(expected.values)]
            np.testing.assert_allclose(balance[f"{use}_balance"], off, rtol=0, atol=1e-15)


def test_what_is_not_loaded_is_skipped(raw: Path, tmp_path: Path) -> None:
    build(states=raw / "states.nc", out=tmp_path, years="2011")
    results = {result.name: result for result in check_database(tmp_path).results}
    assert results["mass_balance"].summary == "no rows of transition"
    assert results["alignment"].summary == "no rows of eluc"
    assert results["primary_growth"].summary == "no changes of primary land"
    assert results["published_totals"].summary == "no rows of eluc"
    assert results["state_sums"].figures["with_ice_and_water"] == 0
    assert all(result.status != "failed" for result in results.values())


def test_without_the_static_grid_only_the_upper_bound_of_sums_counts(
    raw: Path, tmp_path: Path
) -> None:
    build(states=raw / "states.nc", out=tmp_path)
    spoil(tmp_path, "UPDATE state SET secdf = 0 WHERE year = 2010")
    assert failed(tmp_path, "state_sums") == {}
    spoil(tmp_path, "UPDATE state SET secdf = 1, secdn = 0.5 WHERE year = 2010")
    assert "expected 1  (at most)" in failed(tmp_path, "state_sums")["state_sums"].text()


def test_transitions_that_lack_variables_are_not_balanced(raw: Path, tmp_path: Path) -> None:
    with xr.open_dataset(raw / "transitions.nc", decode_times=False) as whole:
        fewer = whole.drop_vars(["urban_to_range", "primn_harv"])
        build(states=raw / "states.nc", transitions=fewer, out=tmp_path)
    (result,) = check_database(tmp_path, only=["mass_balance"]).results
    assert result.status == "skipped"
    assert "lacks primn_harv, urban_to_range" in result.summary


@pytest.mark.parametrize(
    ("statements", "status", "text"),
    [
        ((), "ok", "1 published years and decades; largest difference 0.2"),
        (
            ("UPDATE meta.eluc_total SET emission_mtc = 3.664 * emission_mtc",),
            "failed",
            "2010: 5.28",
        ),
        (
            ("UPDATE source SET path = 'BLUE_ELUC-committed.nc' WHERE name = 'eluc'",),
            "skipped",
            "committed",
        ),
    ],
)
def test_totals_are_compared_with_the_published_ones(
    copy: Path, statements: tuple[str, ...], status: str, text: str
) -> None:
    spoil(
        copy,
        "UPDATE source SET synthetic = FALSE WHERE name = 'eluc'",
        "DELETE FROM meta.eluc_total",
        "INSERT INTO meta.eluc_total VALUES (NULL, NULL, 2010, 1442), (NULL, NULL, 2011, 1)",
        *statements,
    )
    (result,) = check_database(copy, only=["published_totals"]).results
    assert result.status == status
    assert text in result.text()


def test_decades_are_compared_as_means_of_ten_years(copy: Path) -> None:
    years = ", ".join(f"(NULL, NULL, {year}, 2000)" for year in range(1961, 1980))
    spoil(
        copy,
        "UPDATE source SET synthetic = FALSE WHERE name = 'eluc'",
        "DELETE FROM meta.eluc_total",
        f"INSERT INTO meta.eluc_total VALUES {years}",
    )
    result = failed(copy, "published_totals")["published_totals"]
    assert result.figures["counted"] == 1
    assert result.worst[0].variable == "eluc_global 1970s"
    assert result.worst[0].value == pytest.approx(2)
    assert result.worst[0].expected == 1.59


def test_a_part_that_is_gone_or_damaged_is_found(copy: Path) -> None:
    part = next((copy / "parquet" / "state").glob("**/*.parquet"))
    content = part.read_bytes()
    part.unlink()
    assert f"state/{part.name}  (is missing)" in failed(copy, "parquet")["parquet"].text()
    middle = len(content) // 2
    part.write_bytes(content[:middle] + bytes(64) + content[middle + 64 :])
    assert set(failed(copy, "parquet")) == {"parquet"}
    part.write_bytes(content)
    assert failed(copy, "parquet") == {}


def test_a_data_set_of_another_build_is_found(copy: Path) -> None:
    record = copy / "parquet" / "build.json"
    record.write_text(record.read_text().replace('"build_id": "', '"build_id": "0'))
    found = failed(copy, "parquet")
    assert set(found) == {"parquet"}
    assert "is of build 0" in found["parquet"].summary
    record.unlink()
    assert "has no build.json of luc-load" in failed(copy, "parquet")["parquet"].summary
    shutil.rmtree(copy / "parquet")
    assert failed(copy, "parquet") == {}


def test_a_damaged_database_fails_and_is_left_alone(copy: Path) -> None:
    path = copy / "luc.duckdb"
    content = bytearray(path.read_bytes())
    for block in range(12288 + 100, len(content), 262144):
        content[block] ^= 0xFF
    path.write_bytes(content)
    done = luc_load("check", str(path), cwd=copy)
    assert done.returncode in (1, 3)
    assert "Traceback" not in done.stderr
    assert path.read_bytes() == bytes(content)


def test_the_command_prints_a_line_a_check(good: Path, good_report: CheckReport) -> None:
    with duckdb.connect(str(good / "luc.duckdb"), read_only=True) as reader:
        done = luc_load("check", str(good), cwd=good)
        assert reader.execute("SELECT count(*) FROM meta.build").fetchall() == [(1,)]
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:-2]] == [r.name for r in good_report.results]
    assert lines[-1].endswith("from SYNTHETIC sources): all checks hold; 17 ok, 1 skipped.")


def test_json_is_for_machines(copy: Path) -> None:
    spoil(copy, "UPDATE eluc SET eluc = 'NaN' WHERE year = 2010")
    done = luc_load("check", "--json", str(copy), cwd=copy)
    assert done.returncode == 1
    record = json.loads(done.stdout)
    assert record["holds"] is False
    assert record["synthetic"] is True
    checks = {check["name"]: check for check in record["checks"]}
    assert checks["not_finite"]["status"] == "failed"
    assert checks["not_finite"]["worst"][0]["year"] == 2010
    assert checks["record"]["status"] == "ok"


def test_some_checks_can_be_chosen(good: Path) -> None:
    done = luc_load("check", "--only", "mass_balance, contents", str(good), cwd=good)
    assert [line.split()[0] for line in done.stdout.splitlines()[:2]] == [
        "contents",
        "mass_balance",
    ]
    done = luc_load("check", "--only", "mass_balance,masses", str(good), cwd=good)
    assert done.returncode == 2
    assert "--only names masses; expected some of catalog, record, " in done.stderr


def test_what_is_no_database_of_ours_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match="there is no such database"):
        check_database(tmp_path / "luc.duckdb")
    (tmp_path / "text.duckdb").write_text("no database")
    with pytest.raises(SourceError, match="is not a DuckDB database"):
        check_database(tmp_path / "text.duckdb")
    duckdb.connect(str(tmp_path / "other.duckdb")).close()
    done = luc_load("check", "other.duckdb", cwd=tmp_path)
    assert done.returncode == 3
    assert "was not made by luc-load build" in done.stderr


def test_a_database_without_digests_has_to_be_built_again(copy: Path) -> None:
    spoil(copy, "DROP TABLE meta.table_content")
    with pytest.raises(SourceError, match="build it again"):
        check_database(copy)
