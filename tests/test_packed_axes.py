"""Packed latitudes, longitudes and times are what xarray decodes; a missing one is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr
from memory import LAT, LON, YEARS, dataset, on_land

from loader.errors import GridError, SourceError, TimeAxisError
from loader.reading.recognition import open_source
from loader.reading.source import GriddedSource, Slab
from loader.schema import ELUC, SOURCES

DATA = on_land(0.5)


def opened(given: xr.Dataset | str, kind: str = "management") -> GriddedSource:
    return open_source(SOURCES[kind], given)


def packed(axis: str, values: Any, **packing: Any) -> xr.Dataset:  # noqa: ANN401
    """Return a dataset, one axis of which is stored as these numbers."""
    units = {"lat": "degrees_north", "lon": "degrees_east", "time": "years since 0850-01-01"}
    return dataset(
        {"flood": (DATA,)},
        attributes={axis: {"units": units[axis], **packing}},
        **{axis: values},
    )


@pytest.mark.parametrize(
    ("axis", "stored", "packing"),
    [
        ("lat", np.array([4750, 4650, 4550], "i2"), {"scale_factor": 0.01}),
        ("lat", np.array([-25, -35, -45], "i1"), {"scale_factor": 0.1, "add_offset": 50.0}),
        ("lat", np.array([95, 93, 91], "u1"), {"scale_factor": np.float32(0.5)}),
        ("lat", np.array([52.5, 51.5, 50.5], "f4"), {"add_offset": np.float32(-5)}),
        ("lon", np.array([-118, -117, -116, -115], "i1"), {"_Unsigned": "true"}),
        ("lon", np.array([0, 1, 2, 3], "i4"), {"add_offset": 138.0, "_FillValue": np.int32(-1)}),
        ("lon", np.array([69.0, 69.5, 70.0, 70.5]), {"scale_factor": 2.0}),
        ("time", np.array([0, 1], "i2"), {"add_offset": np.int32(1150)}),
        ("time", np.array([115, 115.1]), {"scale_factor": 10.0}),
        ("time", np.array([-126, -125], "i1"), {"_Unsigned": "true", "add_offset": 1020.0}),
    ],
)
def test_an_axis_is_what_xarray_decodes(axis: str, stored: Any, packing: dict[str, Any]) -> None:  # noqa: ANN401
    given = packed(axis, stored, **packing)
    source = opened(given)
    truth = xr.decode_cf(given, decode_times=False)[axis].to_numpy()
    found = {"lat": source.grid.latitude, "lon": source.grid.longitude}
    if axis == "time":
        assert source.years.tolist() == (850 + np.round(truth)).astype(int).tolist() == [2000, 2001]
    else:
        np.testing.assert_allclose(found[axis], truth, atol=1e-5)


def test_packed_days_are_decoded_before_the_calendar() -> None:
    given = packed("time", np.array([1828.0, 1829.0]), scale_factor=100.0)
    given.time.attrs |= {"units": "days since 1500-01-01", "calendar": "365_day"}
    assert opened(given).years.tolist() == [2000, 2001]


@pytest.mark.parametrize(
    ("axis", "stored", "attributes"),
    [
        ("time", np.array([1150, 1151], "i4"), {"_FillValue": np.int32(1151)}),
        ("time", np.array([1150, 1151], "i4"), {"missing_value": np.array([0, 1150], "i4")}),
        ("time", np.array([1150, np.nan]), {}),
        ("time", np.array([1150, 1e20]), {"_fillvalue": 1e20}),
        ("lat", np.array([47.5, 46.5, np.nan]), {"_FillValue": np.nan}),
        ("lat", np.array([47.5, 46.5, 45.5]), {"_FillValue": 45.5}),
        ("lon", np.array([0, 1, 2, -1], "i2"), {"_FillValue": np.int16(-1), "add_offset": 0.5}),
        ("lon", np.array([1e20, 1.5, 2.5, 3.5]), {"missing_value": 1e20}),
    ],
)
def test_a_missing_step_is_an_error(axis: str, stored: Any, attributes: dict[str, Any]) -> None:  # noqa: ANN401
    error = TimeAxisError if axis == "time" else GridError
    with pytest.raises(error, match=r"is missing \(NaN or its own fill value\)"):
        opened(packed(axis, stored, **attributes))


@pytest.mark.parametrize("axis", ["lat", "lon", "time"])
@pytest.mark.parametrize(
    "attributes",
    [{"_FillValue": 1e20}, {"missing_value": np.nan}, {"valid_range": np.array([0.0, 1.0])}],
)
def test_attributes_that_no_step_meets_change_nothing(
    axis: str, attributes: dict[str, Any]
) -> None:
    stored = {"lat": LAT, "lon": LON, "time": np.array([1150, 1151], "i4")}[axis]
    source = opened(packed(axis, stored, **attributes))
    assert source.years.tolist() == [2000, 2001]
    np.testing.assert_array_equal(source.grid.latitude, LAT)
    np.testing.assert_array_equal(source.grid.longitude, LON)


@pytest.mark.parametrize("axis", ["lat", "lon", "time"])
def test_packing_that_cannot_be_decoded_names_the_axis(axis: str) -> None:
    stored = {"lat": LAT, "lon": LON, "time": np.array([1150, 1151])}[axis]
    with pytest.raises(SourceError, match=f"{axis}: its attribute scale_factor is 'x'"):
        opened(packed(axis, stored, scale_factor="x"))


def test_the_axes_of_a_decoded_data_set_are_not_decoded_twice() -> None:
    given = packed("lat", np.array([4750, 4650, 4550], "i2"), scale_factor=0.01)
    np.testing.assert_allclose(opened(xr.decode_cf(given, decode_times=False)).grid.latitude, LAT)


def test_packed_areas_and_emissions_are_what_xarray_decodes() -> None:
    area = np.full((3, 4), -8, "i2")
    given = dataset({ELUC.name: (DATA, {"units": ELUC.units})})
    attributes = {"scale_factor": 100.0, "add_offset": 9e5, "units": "ha"}
    given = given.assign(cell_area=(("lat", "lon"), area, attributes))
    found = opened(given, "eluc").read_map("cell_area")
    np.testing.assert_array_equal(found, np.float32(899_200))


@pytest.mark.parametrize("kind", ["NETCDF4", "NETCDF3_CLASSIC"])
def test_packed_axes_of_a_file_are_decoded(kind: Any, tmp_path: Path) -> None:  # noqa: ANN401
    path = str(tmp_path / "f.nc")
    with netCDF4.Dataset(path, "w", format=kind) as file:
        packings = {"time": (YEARS, 2000, 1), "lat": (LAT, 0, 0.5), "lon": (LON, 100, 0.5)}
        for name, (numbers, offset, scale) in packings.items():
            values = np.asarray(numbers)
            file.createDimension(name, len(values))
            axis = file.createVariable(name, "i2", (name,))
            axis.set_auto_maskandscale(False)
            axis[:] = np.round((values - offset) / scale)
            axis.setncatts({"scale_factor": float(scale), "add_offset": float(offset)})
        file["lat"].units, file["lon"].units = "degrees_north", "degrees_east"
        file.createVariable("flood", "f4", ("time", "lat", "lon"))[:] = DATA
    source = opened(path)
    assert source.years.tolist() == list(YEARS)
    np.testing.assert_array_equal(source.grid.latitude, LAT)
    np.testing.assert_array_equal(source.grid.longitude, LON)
    assert source.read(source.variables[0], Slab(0, 1, 0, 1))[0, 0, 1] == np.float32(0.5)
    source.close()
