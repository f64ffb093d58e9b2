"""A file that is not what it must be is refused: what, where, which variable; nothing written."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr
from builds import Notices
from files import FRACTIONS, GRIDS, STATE_NAMES, Form, eluc_content, state_content, write

from loader import build
from loader.errors import (
    BadValueError,
    GridError,
    SourceError,
    SourceMissingError,
    TimeAxisError,
)

PLACE = GRIDS["global"]
YEARS = (1950, 1951, 1952)
PLAIN = Form(fill="_FillValue", deflate=False, shuffle=False)

Change = Callable[[netCDF4.Dataset], None]


def state_file(folder: Path, change: Change | None = None, form: Form = PLAIN) -> Path:
    path = write(folder / "states.nc", state_content(31, PLACE, YEARS), form)
    _change(path, change)
    return path


def eluc_file(folder: Path, change: Change | None = None, form: Form = PLAIN) -> Path:
    path = write(folder / "eluc.nc", eluc_content(32, PLACE, YEARS), form)
    _change(path, change)
    return path


def _change(path: Path, change: Change | None) -> None:
    if change is not None:
        with netCDF4.Dataset(path, "a") as file:
            file.set_auto_maskandscale(False)
            change(file)


def refused(error: type[SourceError], out: Path, **given: Any) -> str:  # noqa: ANN401
    """Build, expect exactly this class of error, and return its message."""
    with pytest.raises(error) as caught:
        build(out=out, workers=1, **given)
    assert type(caught.value) is error
    assert caught.value.exit_code == 3
    message = str(caught.value)
    assert "\n" not in message
    assert "Traceback" not in message
    assert not (out / "luc.duckdb").exists()
    assert not (out / "parquet").exists()
    return message


def assign(variable: str, key: Any, value: Any) -> Change:  # noqa: ANN401
    def change(file: netCDF4.Dataset) -> None:
        file[variable][key] = value

    return change


def attribute(variable: str, **attributes: Any) -> Change:  # noqa: ANN401
    def change(file: netCDF4.Dataset) -> None:
        for name, value in attributes.items():
            if value is None:
                file[variable].delncattr(name)
            else:
                file[variable].setncattr(name, value)

    return change


GRID_CASES: dict[str, tuple[Change, str]] = {
    "NaN in latitude": (assign("lat", 2, np.nan), r"lat.*\[2\] is missing"),
    "infinite longitude": (assign("lon", 3, np.inf), r"lon.*\[3\].*inf"),
    "duplicated latitude": (assign("lat", 2, 45.0), "lat.*not evenly spaced"),
    "unsorted latitude": (
        assign("lat", slice(None), np.array([75.0, 15, 45, -15, -45, -75])),
        "lat.*not evenly spaced",
    ),
    "uneven longitude": (assign("lon", 5, -14.0), "lon.*not evenly spaced"),
    "off by more than noise": (assign("lat", 3, -15.0002), "lat.*not evenly spaced"),
    "latitude over 90": (
        assign("lat", slice(None), np.arange(6) * 30.0),
        r"latitude 150 is outside -90\.\.90",
    ),
    "degrees east on latitude": (
        attribute("lat", units="degrees_east"),
        "lat",
    ),
    "radians": (attribute("lat", units="radians"), 'units "radians"'),
    "metres": (attribute("lon", units="m"), 'units "m"'),
    "all the same latitude": (assign("lat", slice(None), np.zeros(6)), "lat"),
}


@pytest.mark.parametrize("name", GRID_CASES)
def test_a_grid_is_refused_with(name: str, tmp_path: Path) -> None:
    change, text = GRID_CASES[name]
    path = eluc_file(tmp_path, change)
    message = refused(GridError, tmp_path / "out", eluc=path)
    assert str(path) in message
    with pytest.raises(GridError, match=text):
        build(eluc=path, out=tmp_path / "out")


@pytest.mark.parametrize("name", ["lat", "lon"])
def test_a_missing_coordinate_variable_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "changed.nc"
    with xr.open_dataset(eluc_file(tmp_path), decode_times=False) as opened:
        dataset = opened.load().drop_vars(name)
    dataset.to_netcdf(path)
    message = refused(GridError, tmp_path / "out", eluc=path)
    assert str(path) in message
    assert name in message


def test_a_curvilinear_grid_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "changed.nc"
    with xr.open_dataset(eluc_file(tmp_path), decode_times=False) as opened:
        dataset = opened.load()
    lat, lon = np.meshgrid(dataset.lat.to_numpy(), dataset.lon.to_numpy(), indexing="ij")
    dataset = dataset.drop_vars(["lat", "lon"]).rename(lat="j", lon="i")
    dataset = dataset.assign(lat=(("j", "i"), lat), lon=(("j", "i"), lon))
    dataset.to_netcdf(path)
    assert "curvilinear" in refused(GridError, tmp_path / "out", eluc=path)


@pytest.mark.parametrize("other", ["finer", "centred on the date line", "region"])
def test_two_grids_are_refused_by_name(other: str, tmp_path: Path) -> None:
    states = state_file(tmp_path)
    eluc = write(tmp_path / "eluc.nc", eluc_content(1, GRIDS[other], YEARS), PLAIN)
    message = refused(GridError, tmp_path / "out", states=states, eluc=eluc)
    assert str(states) in message
    assert str(eluc) in message
    assert "6 x 12" in message


def test_a_grid_of_corners_is_not_that_of_centres(tmp_path: Path) -> None:
    states = state_file(tmp_path)
    corners = replace(PLACE, west=PLACE.west - 0.125)
    eluc = write(tmp_path / "eluc.nc", eluc_content(1, corners, YEARS), PLAIN)
    refused(GridError, tmp_path / "out", states=states, eluc=eluc)


def test_coordinates_within_noise_are_one_grid(tmp_path: Path) -> None:
    states = state_file(tmp_path, form=replace(PLAIN, noise=4e-5))
    build(states=states, eluc=eluc_file(tmp_path), out=tmp_path / "out")


def test_more_cells_than_an_id_can_number_are_refused_before_any_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.nc"
    with netCDF4.Dataset(path, "w") as file:
        for name, size, extent in (("lat", 36_000, 180), ("lon", 72_000, 360)):
            file.createDimension(name, size)
            axis = file.createVariable(name, "f8", (name,))
            axis[:] = -extent / 2 + (np.arange(size) + 0.5) * extent / size
        file.createDimension("time", 1)
        file.createVariable("time", "i4", ("time",))[:] = 1950
        file.createVariable("ELUC", "f4", ("time", "lat", "lon"), chunksizes=(1, 100, 100))
    assert "cell_id" in refused(GridError, tmp_path / "out", eluc=path)


TIME_CASES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "NaN": ([1950.0, np.nan, 1952], {}, "step 1"),
    "overflow": ([0, 1e18, 1], {"units": "days since 1850-01-01"}, "step 1"),
    "an index": ([0, 1, 2], {}, "index"),
    "half years": ([1950.0, 1950.5, 1951], {}, "integer year"),
    "a year twice": ([1950, 1951, 1951], {}, "more than once.*1951"),
    "months": ([0, 31, 59], {"units": "days since 1950-01-01"}, "more than once.*1950"),
    "nonsense units": ([1, 2, 3], {"units": "furlongs since Tuesday"}, "furlongs"),
    "units of number": ([1, 2, 3], {"units": np.int32(5)}, "5"),
    "year 0 as reference": ([1950, 1951, 1952], {"units": "years since 0000-01-01"}, "0"),
    "unknown calendar": (
        [1, 400, 800],
        {"units": "days since 1950-01-01", "calendar": "martian"},
        "martian",
    ),
    "no date": ([0, 1, 2], {"units": "years since 1850-13-01"}, "1850-13"),
    "year beyond SMALLINT": ([0, 1, 40000], {"units": "years since 850-01-01"}, "40850"),
    "months since in a standard calendar": (
        [0, 12, 24],
        {"units": "months since 1950-01-01", "calendar": "standard"},
        "months",
    ),
}


@pytest.mark.parametrize("name", TIME_CASES)
def test_a_time_axis_is_refused_with(name: str, tmp_path: Path) -> None:
    values, attributes, text = TIME_CASES[name]
    content = eluc_content(32, PLACE, YEARS)
    path = write(tmp_path / "eluc.nc", content, replace(PLAIN, time="bare float"))
    _change(path, assign("time", slice(None), np.array(values, dtype=np.float64)))
    _change(path, attribute("time", **attributes))
    message = refused(TimeAxisError, tmp_path / "out", eluc=path)
    assert message.startswith(f"{path}: time: ")
    with pytest.raises(TimeAxisError, match=text):
        build(eluc=path, out=tmp_path / "out")


def test_a_time_axis_without_steps_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "changed.nc"
    with xr.open_dataset(eluc_file(tmp_path), decode_times=False) as opened:
        dataset = opened.load().isel(time=slice(0, 0))
    dataset.to_netcdf(path, unlimited_dims=["time"])
    assert "time" in refused(TimeAxisError, tmp_path / "out", eluc=path)


def test_no_time_axis_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "map.nc"
    with xr.open_dataset(eluc_file(tmp_path), decode_times=False) as opened:
        dataset = opened.load().isel(time=0, drop=True)
    dataset.to_netcdf(path)
    assert "time" in refused(SourceError, tmp_path / "out", eluc=path)


def test_a_gap_in_the_years_is_a_notice(tmp_path: Path) -> None:
    content = eluc_content(1, PLACE, (1950, 1951, 1955, 1960))
    listener = Notices()
    build(eluc=write(tmp_path / "e.nc", content, PLAIN), out=tmp_path / "out", reporter=listener)
    assert any("1951 to 1955" in n and "1955 to 1960" in n for n in listener.notices)


IMPOSSIBLE = [
    (kind, value)
    for kind in ("f4", "f8")
    for value in (np.inf, -np.inf, 1e20, -1e20, 9.96921e36, 1e19, 3.4e38)
]
CELLS = ("data", "all", "land")


@pytest.mark.parametrize(
    ("kind", "value", "cells"),
    [
        # Every value with one rule, in turn; with the other two in the slow tests.
        pytest.param(*each, cells, marks=() if number % 3 == turn else pytest.mark.slow)
        for number, each in enumerate(IMPOSSIBLE)
        for turn, cells in enumerate(CELLS)
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_place(
    kind: str, value: float, cells: str, tmp_path: Path
) -> None:
    form = replace(PLAIN, fill="missing_value", storage=kind)
    path = eluc_file(tmp_path, assign("ELUC", (1, 4, 7), value), form)
    message = refused(BadValueError, tmp_path / "out", eluc=path, cells=cells)
    assert message.startswith(f"{path}: ELUC: ")
    assert "1951" in message
    assert "-45" in message
    assert "45" in message
    assert "_FillValue" in message


def test_an_undeclared_fill_in_a_cell_without_data_is_refused(tmp_path: Path) -> None:
    content = state_content(31, PLACE, YEARS)
    outside = np.argwhere(np.isnan(content.values["primf"][0]))[0]
    form = replace(PLAIN, fill="missing_value")
    path = write(tmp_path / "states.nc", content, form)
    _change(path, assign("secma", (2, *outside), 1e20))
    message = refused(BadValueError, tmp_path / "out", states=path)
    assert "secma" in message
    assert "1952" in message


def test_a_default_fill_of_years_never_written_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "eluc.nc"
    with netCDF4.Dataset(path, "w") as file:
        for name, centres in (("lat", PLACE.lat), ("lon", PLACE.lon)):
            file.createDimension(name, centres.size)
            file.createVariable(name, "f8", (name,))[:] = centres
        file.createDimension("time", 2)
        file.createVariable("time", "i4", ("time",))[:] = [1950, 1951]
        variable = file.createVariable("ELUC", "f4", ("time", "lat", "lon"), chunksizes=(1, 6, 12))
        variable[0] = 0.0
    message = refused(BadValueError, tmp_path / "out", eluc=path)
    assert "ELUC" in message
    assert "1951" in message


ATTRIBUTE_CASES: dict[str, tuple[dict[str, Any], str]] = {
    "text as missing_value": ({"missing_value": "-999"}, "missing_value"),
    "text as scale_factor": ({"scale_factor": "0.1"}, "scale_factor"),
    "NaN as scale_factor": ({"scale_factor": np.nan}, "scale_factor"),
    "infinite add_offset": ({"add_offset": np.inf}, "add_offset"),
    "two scale factors": ({"scale_factor": np.array([1.0, 2.0])}, "scale_factor"),
    "another unit": ({"units": "kg C m-2 s-1"}, "kg C m-2 s-1"),
    "Tg": ({"units": "Tg C yr-1"}, "Tg C"),
}


@pytest.mark.parametrize("name", ATTRIBUTE_CASES)
def test_a_variable_is_refused_with(name: str, tmp_path: Path) -> None:
    attributes, text = ATTRIBUTE_CASES[name]
    path = eluc_file(tmp_path, attribute("ELUC", **attributes))
    message = refused(SourceError, tmp_path / "out", eluc=path)
    assert message.startswith(f"{path}: ELUC: ")
    assert text in message


def test_percent_instead_of_fractions_is_refused(tmp_path: Path) -> None:
    path = state_file(tmp_path, attribute("urban", units="percent"))
    assert f"{path}: urban: " in refused(SourceError, tmp_path / "out", states=path)


def test_an_area_in_another_unit_is_refused(tmp_path: Path) -> None:
    path = eluc_file(tmp_path)
    _change(path, lambda file: file["cell_area"].__setitem__(slice(None), 1e-4))
    assert f"{path}: cell_area: " in refused(SourceError, tmp_path / "out", eluc=path)


@pytest.mark.parametrize("kind", ["S1", str])
def test_text_instead_of_numbers_is_refused(kind: Any, tmp_path: Path) -> None:  # noqa: ANN401
    def change(file: netCDF4.Dataset) -> None:
        file.renameVariable("ELUC", "old")
        file.createVariable("ELUC", kind, ("time", "lat", "lon"))

    path = eluc_file(tmp_path, change)
    message = refused(SourceError, tmp_path / "out", eluc=path)
    assert message.startswith(f"{path}: ELUC: ")


def test_missing_variables_are_named_with_those_that_are_near(tmp_path: Path) -> None:
    def change(file: netCDF4.Dataset) -> None:
        file.renameVariable("primf", "PRIMF")
        file.renameVariable("pastr", "pasture")

    path = state_file(tmp_path, change)
    message = refused(SourceError, tmp_path / "out", states=path)
    assert all(name in message for name in ("primf", "PRIMF", "pastr", "pasture", str(path)))
    assert "urban" not in message


def test_the_files_exchanged_are_refused(tmp_path: Path) -> None:
    states, eluc = state_file(tmp_path), eluc_file(tmp_path)
    assert "ELUC" in refused(SourceError, tmp_path / "out", eluc=states)
    assert "primf" in refused(SourceError, tmp_path / "out", states=eluc)


@pytest.mark.parametrize("name", ["Primf", "cell_id", "YEAR", "area_ha", "Lat"])
def test_a_variable_whose_column_would_clash_is_refused(name: str, tmp_path: Path) -> None:
    content = state_content(31, PLACE, YEARS, names=(*STATE_NAMES, name))
    path = write(tmp_path / "states.nc", content, PLAIN)
    message = refused(SourceError, tmp_path / "out", states=path)
    assert message.startswith(f"{path}: {name}: ")


@pytest.mark.parametrize("name", ["x" * 200, "tab\tname", "per % cent", "-- ;"])
def test_strange_names_are_only_names(name: str, tmp_path: Path) -> None:
    content = state_content(31, PLACE, YEARS, names=(*FRACTIONS, name))
    dataset = xr.Dataset(
        {n: (("time", "lat", "lon"), v) for n, v in content.values.items()},
        {"time": list(YEARS), "lat": PLACE.lat, "lon": PLACE.lon},
    )
    report = build(states=dataset, out=tmp_path)
    assert report.tables[0].rows > 0


def test_a_second_member_is_refused(tmp_path: Path) -> None:
    with xr.open_dataset(eluc_file(tmp_path), decode_times=False) as opened:
        dataset = opened.load().expand_dims(member=[1, 2])
    path = tmp_path / "members.nc"
    dataset.to_netcdf(path)
    message = refused(SourceError, tmp_path / "out", eluc=path)
    assert message.startswith(f"{path}: ELUC: ")
    assert "member 2" in message


def test_a_damaged_chunk_is_named_with_file_variable_and_year(tmp_path: Path) -> None:
    place = GRIDS["finer"]
    content = eluc_content(3, place, YEARS, area="absent")
    path = write(tmp_path / "eluc.nc", content, Form(fill="_FillValue"))
    import h5py  # noqa: PLC0415  # only here

    with h5py.File(path) as file:
        chunk = file["ELUC"].id.get_chunk_info(1)
        year = YEARS[chunk.chunk_offset[0]]
    with path.open("r+b") as raw:
        raw.seek(chunk.byte_offset + 20)
        raw.write(b"\xaa" * 40)
    message = refused(BadValueError, tmp_path / "out", eluc=path)
    assert message.startswith(f"{path}: ELUC: year {year} cannot be read")


@pytest.mark.parametrize("share", [0.99, 0.5, 0.02])
@pytest.mark.parametrize(
    "kind", ["NETCDF4", "NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"]
)
def test_a_truncated_file_is_refused(kind: Any, share: float, tmp_path: Path) -> None:  # noqa: ANN401
    path = state_file(tmp_path, form=replace(PLAIN, format=kind))
    size = path.stat().st_size
    with path.open("r+b") as raw:
        raw.truncate(int(size * share))
    with pytest.raises(SourceError) as caught:
        build(states=path, out=tmp_path / "out")
    assert str(path) in str(caught.value)
    assert not (tmp_path / "out" / "luc.duckdb").exists()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>not found</html>", "HTML"),
        (gzip.compress(b"CDF", mtime=0), "gzip"),
        (b"PK\x03\x04rest", "zip"),
        (b"\x00" * 600, "netCDF"),
        (b"CDF\x01", "damaged"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 100, "damaged"),
    ],
)
def test_what_is_not_netcdf_is_named(content: bytes, text: str, tmp_path: Path) -> None:
    path = tmp_path / "states.nc"
    path.write_bytes(content)
    message = refused(SourceError, tmp_path / "out", states=path)
    assert message.startswith(str(path))
    assert text in message


def test_what_is_not_a_file_is_named(tmp_path: Path) -> None:
    assert "directory" in refused(SourceError, tmp_path / "out", states=tmp_path)
    message = refused(SourceMissingError, tmp_path / "out", states=tmp_path / "none.nc")
    assert "none.nc" in message
    link = tmp_path / "link.nc"
    link.symlink_to("away.nc")
    assert "away.nc" in refused(SourceMissingError, tmp_path / "out", states=link)


def test_data_in_groups_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "states.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createGroup("model_a")
    assert "model_a" in refused(SourceError, tmp_path / "out", states=path)


@pytest.mark.parametrize(
    "name", ["a b.nc", "it's.nc", 'quote".nc', "höhe.nc", "a#mode=zarr.nc", "q?x*[1].nc", "%20.nc"]
)
@pytest.mark.parametrize("kind", ["NETCDF4", "NETCDF3_CLASSIC"])
def test_odd_paths_are_only_paths(name: str, kind: Any, tmp_path: Path) -> None:  # noqa: ANN401
    folder = tmp_path / name.removesuffix(".nc")
    folder.mkdir()
    path = folder / name
    write(tmp_path / "plain.nc", eluc_content(1, PLACE, YEARS), replace(PLAIN, format=kind))
    (tmp_path / "plain.nc").rename(path)
    report = build(eluc=path, out=tmp_path / "out")
    assert report.database.exists()
