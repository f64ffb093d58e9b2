"""Several files of one source are joined by year, as xarray's open_mfdataset joins them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import xarray as xr
from builds import Notices, crash, limit_blocks, stored_content
from click.testing import CliRunner
from files import GRIDS, STATE_NAMES, Content, Form, state_content, write

import loader.reading.pool
from loader import build, check, info
from loader.cli import commands
from loader.errors import GridError, OutputError, SourceError, SourceMissingError, UsageError
from loader.reading.inputfile import InputFile
from loader.reading.joined import JoinedSource
from loader.reading.joining import open_files
from loader.reading.source import Slab
from loader.schema import SOURCES

NAMES = STATE_NAMES[:12]
YEARS = tuple(range(1990, 2002))
HISTORY = state_content(3, GRIDS["global"], YEARS, names=NAMES)

FORMS = {
    "as LUH2": Form(),
    "days, south first": Form(time="days of noleap", south_first=True, fill="missing_value"),
    "of another type": Form(storage="f8", longitude="positive", chunks=(3, 5, 7), time="bare"),
    "contiguous": Form(chunks=None, deflate=False, format="NETCDF3_CLASSIC", names="long"),
}


def part(content: Content, years: Sequence[int], names: Sequence[str] | None = None) -> Content:
    """Return some years of a content."""
    chosen = [content.years.index(year) for year in years]
    values = {name: content.values[name][chosen] for name in names or content.values}
    return replace(content, years=tuple(years), values=values)


def write_parts(folder: Path, *parts: tuple[str, Sequence[int], Form]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    return [write(folder / name, part(HISTORY, years), form) for name, years, form in parts]


def rows_of(database: Path, table: str = "state") -> list[tuple[Any, ...]]:
    with duckdb.connect(str(database / "luc.duckdb"), read_only=True) as con:
        return con.sql(f"FROM {table} ORDER BY ALL").fetchall()


def sources_of(database: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(database / "luc.duckdb"), read_only=True) as con:
        return con.sql(
            "SELECT name, parse_filename(path), first_year, last_year, digest IS NOT NULL "
            "FROM source ORDER BY ALL"
        ).fetchall()


def failed_checks(database: Path) -> list[tuple[str, str]]:
    """Return the checks that fail: the values of these files are random."""
    return [(one.name, one.summary) for one in check(database).results if one.status == "failed"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a build of one file with all years."""
    folder = tmp_path_factory.mktemp("whole")
    write(folder / "states.nc", HISTORY, Form())
    build(states=folder / "states.nc", out=folder / "out")
    return folder / "out"


def test_files_of_any_layout_are_joined_in_any_order(tmp_path: Path, whole: Path) -> None:
    other = FORMS["of another type"]
    files = write_parts(
        tmp_path,
        ("c.nc", YEARS[8:], FORMS["days, south first"]),
        ("a.nc", YEARS[:5], FORMS["as LUH2"]),
        ("b.nc", YEARS[5:8], FORMS["contiguous"]),
        ("d.nc", YEARS[4:6], other),
    )
    report = build(states=files, out=tmp_path / "out")
    assert rows_of(tmp_path / "out") == rows_of(whole)
    assert rows_of(tmp_path / "out", "state_global") == rows_of(whole, "state_global")
    assert report.tables[0].years == len(YEARS)
    assert sources_of(tmp_path / "out") == [
        ("states", "a.nc", 1990, 1994, True),
        ("states", "b.nc", 1995, 1997, True),
        ("states", "c.nc", 1998, 2001, True),
    ]
    assert failed_checks(tmp_path / "out") == failed_checks(whole)


def test_values_are_those_of_open_mfdataset(tmp_path: Path) -> None:
    form = Form(time="bare")
    files = write_parts(tmp_path, ("a.nc", YEARS[:5], form), ("b.nc", YEARS[5:], form))
    build(states=[str(file) for file in files], out=tmp_path / "out")
    with xr.open_mfdataset(files, decode_times=False) as joined:
        expected = joined.load()
    with duckdb.connect(str(tmp_path / "out" / "luc.duckdb"), read_only=True) as con:
        stored = con.sql(
            "SELECT s.*, lat, lon FROM state AS s JOIN cell USING (cell_id)"
        ).fetchnumpy()
    points = {axis: xr.DataArray(stored[axis], dims="row") for axis in ("lat", "lon")}
    points["time"] = xr.DataArray(stored["year"], dims="row")
    chosen = expected.sel(points, method="nearest")
    for name in NAMES:
        found = np.ma.filled(stored[name].astype("f4"), np.nan)
        np.testing.assert_array_equal(found.view("u4"), chosen[name].to_numpy().view("u4"))
    assert len(stored["year"]) == int(
        expected[list(NAMES)].to_array().notnull().any("variable").sum()
    )


def test_a_pattern_a_repeated_option_and_a_variable_are_the_same_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = write_parts(tmp_path, ("s_1.nc", YEARS[:6], Form()), ("s_2.nc", YEARS[6:], Form()))
    run = CliRunner().invoke
    out = ["-o", str(tmp_path / "out")]
    assert run(commands, ["build", "--states", f"{tmp_path}/s_*.nc", *out]).exit_code == 0
    for again in (["--states", str(two), "--states", str(one)], ["--states", f"{tmp_path}/s_?.nc"]):
        result = run(commands, ["build", *again, *out])
        assert result.exit_code == 0
        assert "up to date" in result.output
    monkeypatch.setenv("LUC_LOAD_BUILD_STATES", f"{one}:{two}")
    assert "up to date" in run(commands, ["build", *out]).output


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("other value", r"b\.nc: urban: differs from .*a\.nc in 1994.*in 1 cells.*--prefer"),
        ("missing", r"b\.nc: urban: differs from .*a\.nc in 1994.*nan instead of"),
        ("sign of zero", r"b\.nc: urban: differs from .*a\.nc in 1994"),
    ],
)
def test_years_of_two_files_must_be_equal(change: str, expected: str, tmp_path: Path) -> None:
    first = part(HISTORY, YEARS[:5])
    second = part(HISTORY, YEARS[4:])
    urban = second.values["urban"].copy()
    row, column = np.argwhere(~np.isnan(urban[0]))[0]
    if change == "sign of zero":
        for values in (first.values["urban"][-1], urban[0]):
            values[row, column] = 0.0
    urban[0, row, column] = {"other value": 0.77, "missing": np.nan, "sign of zero": -0.0}[change]
    second = replace(second, values={**second.values, "urban": urban})
    files = [write(tmp_path / "a.nc", first, Form()), write(tmp_path / "b.nc", second, Form())]
    for dry_run in (True, False):
        with pytest.raises(SourceError, match=expected):
            build(states=files, out=tmp_path / "out", dry_run=dry_run)
    assert not (tmp_path / "out" / "luc.duckdb").exists()


@pytest.mark.parametrize(("prefer", "owner"), [("first", "b.nc"), ("last", "a.nc")])
def test_the_preferred_file_decides(prefer: str, owner: str, tmp_path: Path) -> None:
    other = {**part(HISTORY, YEARS[4:]).values}
    other["urban"] = other["urban"] + np.float32(0.125)
    write(tmp_path / "a.nc", part(HISTORY, YEARS[:5]), Form())
    write(tmp_path / "b.nc", replace(part(HISTORY, YEARS[4:]), values=other), Form())
    files = [tmp_path / "b.nc", tmp_path / "a.nc"]
    build(states=files, out=tmp_path / "out", prefer=prefer)
    years = {name: (first, last) for _, name, first, last, _ in sources_of(tmp_path / "out")}
    assert 1994 in years[owner]
    with pytest.raises(OutputError, match="prefer="):
        build(states=files, out=tmp_path / "out", prefer="last" if prefer == "first" else "first")


def test_gaps_and_years_outside_are_as_in_one_file(tmp_path: Path) -> None:
    files = write_parts(
        tmp_path,
        ("a.nc", YEARS[:2], Form()),
        ("b.nc", YEARS[4:6], Form()),
        ("c.nc", YEARS[9:], Form()),
    )
    listener = Notices()
    report = build(states=files, years="1991:1995", out=tmp_path / "out", reporter=listener)
    assert report.tables[0].years == 3
    assert [row[1:4] for row in sources_of(tmp_path / "out")] == [
        ("a.nc", 1991, 1991),
        ("b.nc", 1994, 1995),
    ]
    assert any("years are missing between 1991 to 1994" in notice for notice in listener.notices)
    with pytest.raises(SourceError, match="matches none of its years"):
        build(states=files, years="1800:1810", out=tmp_path / "none")


def test_a_variable_that_a_file_lacks_is_null_there(tmp_path: Path) -> None:
    content = state_content(3, GRIDS["global"], YEARS, names=STATE_NAMES)
    files = [
        write(tmp_path / "a.nc", part(content, YEARS[:6], NAMES), Form()),
        write(tmp_path / "b.nc", part(content, YEARS[6:]), Form()),
    ]
    listener = Notices()
    build(states=files, out=tmp_path / "out", reporter=listener)
    with duckdb.connect(str(tmp_path / "out" / "luc.duckdb"), read_only=True) as con:
        counts = con.sql(
            "SELECT year, count(secma) FROM state GROUP BY year ORDER BY year"
        ).fetchall()
    assert [year for year, count in counts if count == 0] == list(YEARS[:6])
    assert any("a.nc: no variable secma" in notice for notice in listener.notices)


@pytest.mark.parametrize(
    ("change", "error", "expected"),
    [
        (lambda c: part(c, YEARS[6:], NAMES[1:]), SourceError, "it lacks primf"),
        (
            lambda c: state_content(1, GRIDS["finer"], YEARS[6:], names=NAMES),
            GridError,
            "another grid",
        ),
    ],
)
def test_files_that_do_not_fit_are_an_error(
    change: Callable[[Content], Content], error: type[Exception], expected: str, tmp_path: Path
) -> None:
    files = [
        write(tmp_path / "a.nc", part(HISTORY, YEARS[:6]), Form()),
        write(tmp_path / "b.nc", change(HISTORY), Form()),
    ]
    with pytest.raises(error, match=expected):
        build(states=files, out=tmp_path / "out")


def test_names_that_mean_no_file_or_one_twice_are_errors(tmp_path: Path) -> None:
    (file,) = write_parts(tmp_path, ("a.nc", YEARS[:6], Form()))
    with pytest.raises(SourceMissingError, match="matches no file"):
        build(states=f"{tmp_path}/none_*.nc", out=tmp_path / "out")
    with pytest.raises(SourceError, match="more than once"):
        build(states=[file, f"{tmp_path}/*.nc"], out=tmp_path / "out")
    with pytest.raises(UsageError, match="one static grid"):
        build(states=file, static=[file, file], out=tmp_path / "out")


def test_an_interrupted_build_of_files_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_blocks(monkeypatch, 2)
    files = write_parts(tmp_path, *((f"{y}.nc", [y], Form()) for y in YEARS))
    build(states=files, out=tmp_path / "whole", workers=1)
    with crash("inserting", after=3):
        build(states=files, out=tmp_path / "out", workers=1)
    report = build(states=files, out=tmp_path / "out", workers=2)
    assert report.reused_parts > 0
    assert stored_content(tmp_path / "out") == stored_content(tmp_path / "whole")
    files[3].touch()
    assert build(states=files, out=tmp_path / "out").outcome == "up to date"
    write(files[3], part(HISTORY, YEARS[3:4]), Form(deflate=False))
    with pytest.raises(OutputError, match="another states file"):
        build(states=files, out=tmp_path / "out")


def test_few_files_are_open_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader.reading.pool, "MOST_OPEN", 3)
    files = write_parts(tmp_path, *((f"{year}.nc", [year], Form()) for year in YEARS))
    source = open_files(
        SOURCES["states"], [InputFile(f"states:{n}", str(f)) for n, f in enumerate(files)]
    )
    assert isinstance(source, JoinedSource)
    most = 0
    for variable in source.variables:
        for position in range(len(YEARS)):
            slab = Slab(position, position + 1, 0, source.grid.n_lat)
            values = source.read(variable, slab)[0]
            values = np.where(values > 1e19, np.nan, values)
            np.testing.assert_array_equal(values, HISTORY.values[variable.name][position])
            most = max(most, source.pool.open_files)
    source.close()
    assert most == 3


def test_blocks_span_files_of_one_year_each(tmp_path: Path) -> None:
    files = write_parts(tmp_path, *((f"{year}.nc", [year], Form()) for year in YEARS))
    build(states=files, out=tmp_path / "out")
    parts = list((tmp_path / "out" / "parquet" / "state").glob("*.parquet"))
    assert len(parts) < len(YEARS) / 2


def test_datasets_and_files_may_be_mixed_and_exported(tmp_path: Path) -> None:
    files = write_parts(
        tmp_path, ("a.nc", YEARS[:6], Form()), ("b.nc", YEARS[6:], FORMS["days, south first"])
    )
    with xr.open_dataset(files[1], decode_times=False, mask_and_scale=False) as later:
        build(states=[str(files[0]), later], out=tmp_path / "out")
        assert later["urban"].shape[0] == 6
        later["urban"].load()
    found = info(tmp_path / "out")
    assert [(s.first_year, s.last_year) for s in found.sources] == [(1990, 1995), (1996, 2001)]
    loader_out = tmp_path / "again.nc"
    loader.export(tmp_path / "out", out=loader_out, what="state")
    build(states=loader_out, out=tmp_path / "second")
    assert rows_of(tmp_path / "second") == rows_of(tmp_path / "out")
