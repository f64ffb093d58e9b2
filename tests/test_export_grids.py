"""The grid that comes back is the source file's: values to the bit, order, axes, attributes."""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cftime
import dask
import duckdb
import numpy as np
import pytest
import xarray as xr
from files import GRIDS, STATE_NAMES, Content, Form, eluc_content, state_content, write
from hypothesis import event, given, settings
from hypothesis import strategies as st
from test_build_properties import forms

from loader import DatabaseError, SourceError, UsageError, build, open_dataset
from loader.exporting import backend
from loader.exporting.backend import LucBackend
from loader.exporting.cf import cf_units, time_axis
from loader.exporting.export import Request, export
from loader.exporting.selection import Selection
from loader.reporting import Silent

YEARS = (1948, 1949, 1950, 1952, 1953)
EXAMPLES = 4 if os.environ.get("HYPOTHESIS_PROFILE", "quick") == "quick" else 200


class Notices(Silent):
    """Remembers what the user was told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def notice(self, text: str) -> None:
        self.texts.append(text)


@contextmanager
def opened(path: Path, **how: Any) -> Iterator[xr.Dataset]:  # noqa: ANN401  # xarray's options
    """Open a netCDF file as xarray does, times as numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for engine in (None, "netcdf4"):
            try:
                dataset = xr.open_dataset(path, decode_times=False, engine=engine, **how)
                break
            except ValueError:
                continue
        with dataset:
            yield dataset.load()


def expected(file: xr.Dataset, content: Content, form: Form) -> xr.Dataset:
    """Return what must come back of a file: dimensions in order, packing and odd fills undone."""
    axes = [next(n for n in names if n in file.dims) for names in AXES]
    names = [*content.values, *content.maps]
    dataset = file[names].squeeze("member") if form.member else file[names]
    dataset = dataset.transpose(*axes)
    for name in content.values:
        values = dataset[name].to_numpy()
        values = np.where((np.abs(values) > 1e19) | (values == -9999), np.nan, values)
        dataset[name] = dataset[name].copy(data=values.astype(np.float32))
        dataset[name].attrs.pop("_fillvalue", None)
        dataset[name].attrs.pop("missing_value", None)
    return dataset


AXES = (("time", "t"), ("lat", "Latitude", "y"), ("lon", "Longitude", "x"))


def assert_same(ours: xr.Dataset, file: xr.Dataset) -> None:
    """Compare two datasets: axes to the bit, values, attributes, global attributes.

    Of ELUC, whose sea is 0 and not stored, a zero may come back as missing.
    """
    assert dict(ours.sizes) == dict(file.sizes)
    assert ours.attrs == file.attrs
    for name, theirs in file.variables.items():
        mine = ours.variables[name]
        assert mine.dims == theirs.dims
        assert mine.dtype == theirs.dtype.newbyteorder("="), name
        values, wanted = mine.to_numpy(), theirs.to_numpy()
        if name == "ELUC":
            dropped = np.isnan(values) & (wanted == 0)
            wanted = np.where(dropped, np.nan, wanted)
        np.testing.assert_array_equal(values, wanted, err_msg=str(name))
        kept = {key: value for key, value in mine.attrs.items() if key not in FILL_NAMES}
        assert kept == {k: v for k, v in theirs.attrs.items() if k not in FILL_NAMES}, name


FILL_NAMES = ("_FillValue", "missing_value", "_fillvalue", "_Fillvalue")


def sources(folder: Path, form: Form, grid: str = "global", seed: int = 3) -> dict[str, Path]:
    """Write states and emissions in one form."""
    state = state_content(seed, GRIDS[grid], YEARS)
    eluc = eluc_content(seed + 1, GRIDS[grid], YEARS[1:])
    return {
        "states": write(folder / "states.nc", state, form, seed),
        "eluc": write(folder / "eluc.nc", eluc, form, seed + 1),
    }


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_any_file_comes_back(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["states", "eluc"]))
    form = data.draw(forms())
    grid = GRIDS[data.draw(st.sampled_from(sorted(GRIDS)))]
    seed = data.draw(st.integers(0, 2**31))
    cells = data.draw(st.sampled_from(["data", "all"]))
    event(f"{kind} {form.storage} {form.fill}")
    content = (
        state_content(seed, grid, YEARS, masks=data.draw(st.sampled_from(["same", "mixed", "any"])))
        if kind == "states"
        else eluc_content(seed, grid, YEARS)
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = write(folder / "file.nc", content, form, seed)
        build(**{kind: path}, out=folder / "out", cells=cells, workers=1)  # type: ignore[arg-type]
        with opened(path) as file:
            wanted = expected(file, content, form)
        with open_dataset(folder / "out") as ours:
            assert_same(ours, wanted)
        export(folder / "out", str(folder / "again.nc"), Request())
        with opened(folder / "again.nc") as again:
            assert_same(expected(again, content, replace(form, member=False)), wanted)


@pytest.mark.parametrize("fill", ["both", "missing_value", "undeclared NaN"])
def test_missing_values_have_one_code(tmp_path: Path, fill: str) -> None:
    form = Form(fill=fill, chunks=(2, 3, 5), south_first=True, longitude="positive")
    path = write(tmp_path / "states.nc", state_content(3, GRIDS["global"], YEARS), form, 3)
    build(states=path, out=tmp_path / "out", workers=1)
    export(tmp_path / "out", str(tmp_path / "again.nc"), Request(what="state"))
    raw = {"mask_and_scale": False}
    with (
        opened(path) as file,
        opened(tmp_path / "again.nc") as again,
        opened(tmp_path / "again.nc", **raw) as coded,
    ):
        np.testing.assert_array_equal(again.primf, np.where(file.primf < 2, file.primf, np.nan))
        code = coded.primf.attrs["_FillValue"]
        missing = np.isnan(coded.primf) if np.isnan(code) else coded.primf == code
        np.testing.assert_array_equal(missing, np.isnan(again.primf))
        assert "missing_value" not in coded.primf.attrs


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grids")
    files = sources(folder, Form(south_first=True, longitude="positive", time="days of noleap"))
    build(**files, out=folder / "out", workers=1)  # type: ignore[arg-type]
    return folder


@pytest.mark.parametrize(("table", "file"), [("state", "states.nc"), ("eluc", "eluc.nc")])
def test_zarr_and_xarray_give_the_file_back(
    built: Path, tmp_path: Path, table: str, file: str
) -> None:
    zarr = pytest.importorskip("zarr", "3.0.8")
    if not hasattr(zarr, "open_group") or tuple(map(int, xr.__version__.split(".")[:2])) < (
        2025,
        1,
    ):
        pytest.skip("this xarray does not know Zarr 3")
    export(built / "out", str(tmp_path / "again.zarr"), Request(what=table))
    with opened(built / file) as source, open_dataset(built / "out", table) as ours:
        assert_same(ours.load(), source)
        with xr.open_zarr(tmp_path / "again.zarr", decode_times=False) as again:
            xr.testing.assert_identical(again.load(), ours)
    assert (tmp_path / "again.zarr" / ".zmetadata").exists()
    assert zarr.open_group(str(tmp_path / "again.zarr")).metadata.zarr_format == 2


def test_the_merged_grid_has_both_files_on_calendar_years(built: Path, tmp_path: Path) -> None:
    export(built / "out", str(tmp_path / "merged.nc"), Request())
    with opened(built / "states.nc") as states, opened(built / "eluc.nc") as eluc:
        both = [states.assign_coords(time=list(YEARS)), eluc.assign_coords(time=list(YEARS[1:]))]
        wanted = xr.merge(both, join="outer", combine_attrs="drop")
    wanted = wanted.assign_coords(lon=(wanted.lon + 180) % 360 - 180).sortby("lon")
    wanted = wanted.sortby("lat", ascending=False)
    with open_dataset(built / "out") as ours, xr.open_dataset(tmp_path / "merged.nc") as file:
        assert set(ours.data_vars) == {"ELUC", *STATE_NAMES, "cell_area"}
        assert ours.is_land.dtype == bool
        np.testing.assert_array_equal(ours.time, list(YEARS))
        np.testing.assert_array_equal(file.time.dt.year, list(YEARS))
        for name in ours.data_vars:
            values = wanted[name].to_numpy()
            if name == "ELUC":
                values = np.where(np.isnan(ours[name]) & (values == 0), np.nan, values)
            np.testing.assert_array_equal(ours[name], values)
            np.testing.assert_array_equal(file[name], ours[name])
            assert file[name].attrs == ours[name].attrs
        np.testing.assert_array_equal(file.is_land, ours.is_land)


@pytest.mark.parametrize("years", [(850, 1581, 1582, 1583), (1999, 2000, 2001, 2004), (2299, 2300)])
def test_years_are_read_alike_in_every_calendar_library(years: tuple[int, ...]) -> None:
    axis = time_axis(np.array(years, np.int16))
    units, calendar = axis.attributes["units"], axis.attributes["calendar"]
    assert axis.bounds is not None
    for values, expected in ((axis.values, years), (axis.bounds[:, 1], [y + 1 for y in years])):
        dates = cftime.num2date(values, units, calendar)
        assert [(d.year, d.month, d.day) for d in dates] == [(y, 1, 1) for y in expected]


@pytest.mark.parametrize("what", [None, "luc", "state_diff"])
def test_a_grid_that_is_no_copy_follows_the_cf_conventions(
    built: Path, tmp_path: Path, what: str | None
) -> None:
    suite = pytest.importorskip("compliance_checker.suite")
    export(built / "out", str(tmp_path / "grid.nc"), Request(what=what))
    checks = suite.CheckSuite()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checker's own
        checks.load_all_available_checkers()
        results = checks.run_all(checks.load_dataset(str(tmp_path / "grid.nc")), ["cf:1.11"])
    scores, errors = results["cf:1.11"]
    assert errors == {}
    assert len(scores) > 20
    assert [message for score in scores for message in score.msgs] == []


def test_views_become_grids(built: Path, tmp_path: Path) -> None:
    columns = {"emissions": "emission_tc", "forest_diff": "forest_diff"}
    export(built / "out", str(tmp_path / "luc.nc"), Request(what="luc", columns=columns))
    with (
        xr.open_dataset(tmp_path / "luc.nc") as grid,
        open_dataset(built / "out", "luc") as ours,
        duckdb.connect(str(built / "out" / "luc.duckdb"), read_only=True) as con,
    ):
        assert list(grid.data_vars)[:2] == ["emissions", "forest_diff"]
        assert grid.emissions.dtype == np.float64
        assert grid.emissions.attrs["units"] == "t yr-1"
        assert "mass of carbon" in grid.emissions.attrs["comment"]
        rows = con.execute("SELECT year, lat, lon, emission_tc, forest_diff FROM luc").fetchnumpy()
        places = {
            "time": xr.DataArray(rows["year"], dims="row"),
            "lat": xr.DataArray(rows["lat"], dims="row"),
            "lon": xr.DataArray(rows["lon"], dims="row"),
        }
        for name, column in columns.items():
            np.testing.assert_array_equal(ours[column].sel(places), rows[column])
            np.testing.assert_array_equal(grid[name], ours[column])
            assert int(ours[column].notnull().sum()) == len(rows[column])
    for what, problem in (
        ("state_global", "has no cells or no years"),
        ("transition_long", r"is not a table or view|has several rows|has no rows"),
        ("nonsense", "is not a table or view"),
    ):
        with pytest.raises(UsageError, match=problem):
            export(built / "out", str(tmp_path / "x.nc"), Request(what=what))
    with pytest.raises(UsageError, match=r"--columns names primx, .* primf"):
        export(built / "out", str(tmp_path / "x.nc"), Request(columns={"primx": "primx"}))
    assert [path.name for path in tmp_path.iterdir()] == ["luc.nc"]


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("t C ha-1 yr-1", ("t ha-1 yr-1", "mass of carbon")),
        ("Pg CO2 yr-1", ("Pg yr-1", "mass of carbon dioxide")),
        ("kg m-2", ("kg m-2", "")),
        ("Mha", ("1e6 ha", "")),
        ("1", ("1", "")),
        ("year", ("years", "")),
        ("kg ha-1 yr-1 (crop season)", ("kg ha-1 yr-1", "per crop season")),
        ("bushels of C", ("", "unit in the source: bushels of C")),
    ],
)
def test_units_are_spelled_for_udunits(unit: str, expected: tuple[str, str]) -> None:
    assert cf_units(unit) == expected
    if expected[0]:
        pytest.importorskip("cf_units").Unit(expected[0])


def test_nothing_is_read_before_it_is_needed(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boxes: list[tuple[int, ...]] = []
    read = vars(backend)["read_boxes"]

    def noted(*arguments: Any) -> Any:  # noqa: ANN401  # those of read_boxes
        found = read(*arguments)
        boxes.extend(box.shape for box in found)
        return found

    monkeypatch.setattr(backend, "read_boxes", noted)
    monkeypatch.setattr(backend, "BLOCK_YEARS", 2)
    with open_dataset(built / "out", "state") as dataset:
        assert dataset.primf.chunks == ((2, 2, 1), (6,), (12,))
        assert boxes == []
        dataset.primf.isel(time=3).load()
        assert [box[0] for box in boxes] in ([1], [2])
    with open_dataset(built / "out", "state", chunks=None) as dataset:
        boxes.clear()
        dataset.primf.isel(time=[4, 0], lat=2, lon=slice(3, 9, 2)).load()
        assert boxes == [(2, 1, 3)]


def test_any_index_gives_what_the_file_gives(built: Path) -> None:
    indices: list[dict[str, Any]] = [
        {"time": 0, "lat": -1, "lon": 3},
        {"time": [3, 0, 3], "lat": slice(None, None, -1)},
        {"time": slice(4, 0, -2), "lon": np.array([11, 2, 2])},
        {"time": slice(2, 2)},
        {"lat": xr.DataArray([0, 5], dims="p"), "lon": xr.DataArray([1, 1], dims="p")},
    ]
    with (
        opened(built / "states.nc") as file,
        open_dataset(built / "out", "state") as chunked,
        open_dataset(built / "out", "state", chunks=None) as lazy,
    ):
        for index in indices:
            for ours in (chunked, lazy):
                xr.testing.assert_identical(ours.isel(index).load(), file.isel(index))
        with dask.config.set(scheduler="threads", num_workers=4):
            xr.testing.assert_identical((chunked * 2).sum("time"), (file * 2).sum("time"))
        again = pickle.loads(pickle.dumps(chunked))
        xr.testing.assert_identical(again.load(), file)


def test_xarray_opens_it_by_the_backend(built: Path) -> None:
    with xr.open_dataset(built / "out" / "luc.duckdb", engine=LucBackend, table="eluc") as dataset:
        assert list(dataset.data_vars) == ["ELUC", "cell_area"]
    with open_dataset(built / "out", "state", drop_variables=["secmb"]) as dataset:
        assert set(dataset.data_vars) == set(STATE_NAMES) - {"secmb"}
    assert LucBackend().guess_can_open("x/luc.duckdb")
    assert not LucBackend().guess_can_open("states.nc")
    with pytest.raises(
        UsageError, match=r"--what is 'cell', which has no cells or no years; .*eluc"
    ):
        open_dataset(built / "out", "cell")


def test_other_connections_of_the_process_are_not_bound(built: Path) -> None:
    database = str(built / "out" / "luc.duckdb")
    with open_dataset(database) as dataset:
        first = float(dataset.primf.isel(time=0).sum())
        with duckdb.connect(database, read_only=True) as con:
            con.execute("SET threads = 1")
            assert con.execute("SELECT count(*) FROM state").fetchall()[0][0] > 0
        assert float(dataset.primf.isel(time=0).sum()) == first


def test_a_database_built_anew_is_noticed(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built / "out", tmp_path / "out")
    dataset = open_dataset(tmp_path / "out", "state")
    copy = pickle.dumps(dataset)
    dataset.close()
    build(states=built / "states.nc", out=tmp_path / "out", years="1950:", overwrite=True)
    with pytest.raises(DatabaseError, match="was rebuilt since it was opened"):
        pickle.loads(copy).primf.load()


def test_a_database_without_layouts_says_to_build_again(built: Path, tmp_path: Path) -> None:
    database = tmp_path / "luc.duckdb"
    shutil.copy(built / "out" / "luc.duckdb", database)
    with duckdb.connect(str(database)) as con:
        con.execute("DROP TABLE meta.file_layout")
    with pytest.raises(SourceError, match="built by an older luc-load; build it again"):
        open_dataset(database)


def test_a_copy_of_land_cells_only_is_reported(tmp_path: Path) -> None:
    files = sources(tmp_path, Form(), "finer")
    build(**files, out=tmp_path / "out", cells="land", workers=1)  # type: ignore[arg-type]
    notices = Notices()
    export(tmp_path / "out", str(tmp_path / "a.nc"), Request(what="eluc"), reporter=notices)
    assert "eluc: the database holds land cells only" in notices.texts[0]
    with opened(files["eluc"]) as file, opened(tmp_path / "a.nc") as again:
        kept = ~np.isnan(again.ELUC.to_numpy())
        np.testing.assert_array_equal(again.ELUC.to_numpy()[kept], file.ELUC.to_numpy()[kept])
        assert kept.any()
        assert not kept.all()


@pytest.mark.parametrize(
    "bbox", ["-100,-20,60,70", "130,-90,-130,90", "200,-50,300,50", "-180,0,180,90"]
)
def test_a_box_is_cut_out(built: Path, tmp_path: Path, bbox: str) -> None:
    request = Request(what="state", selection=Selection.parse(bbox=bbox, years="1949:1952"))
    export(built / "out", str(tmp_path / "part.nc"), request)
    west, south, east, north = map(float, bbox.split(","))
    with opened(built / "states.nc") as file, opened(tmp_path / "part.nc") as part:
        around = [(lon - west) % 360 <= ((east - west) % 360 or 360) for lon in file.lon.to_numpy()]
        wanted = file.isel(time=slice(1, 4), lon=np.flatnonzero(around))
        wanted = wanted.sel(lat=file.lat[(file.lat >= south) & (file.lat <= north)])
        xr.testing.assert_identical(part.sortby("lon").load(), wanted.sortby("lon"))
        steps = np.diff(part.lon.to_numpy()) % 360
        assert (steps == steps[0]).all(), "a box across the edge of the file is torn apart"


def test_land_alone_is_missing_elsewhere(tmp_path: Path) -> None:
    files = sources(tmp_path, Form(), "finer")
    build(**files, out=tmp_path / "out", workers=1)  # type: ignore[arg-type]
    request = Request(what="eluc", selection=Selection(land=True))
    export(tmp_path / "out", str(tmp_path / "land.nc"), request)
    with duckdb.connect(str(tmp_path / "out" / "luc.duckdb"), read_only=True) as con:
        rows = con.execute("SELECT is_land FROM cell ORDER BY cell_id").fetchall()
    is_land = np.array(rows).reshape(GRIDS["finer"].shape)
    with opened(files["eluc"]) as file, opened(tmp_path / "land.nc") as again:
        ours, land = again.ELUC.to_numpy(), np.broadcast_to(is_land, again.ELUC.shape)
        stored = ~np.isnan(ours)
        np.testing.assert_array_equal(ours[stored], file.ELUC.to_numpy()[stored])
        assert land[stored].all()
        assert not np.nan_to_num(file.ELUC.to_numpy()[land & ~stored]).any()
        assert "_FillValue" in again.ELUC.encoding
