"""Only regular latitude/longitude grids load; a file's own words decide, never its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from memory import LAT, LON, dataset, on_land

from loader.errors import GridError
from loader.reading.recognition import open_source
from loader.reading.source import GriddedSource
from loader.schema import SOURCES

NORTH, EAST = {"units": "degrees_north"}, {"units": "degrees_east"}
DATA = on_land(0.5)


def opened(given: xr.Dataset) -> GriddedSource:
    return open_source(SOURCES["management"], given)


def mapped(reference: str, **mapping: Any) -> xr.Dataset:  # noqa: ANN401
    """Return a dataset whose variable names a grid mapping; its axes look like degrees."""
    given = dataset({"flood": (DATA, {"grid_mapping": reference})})
    return given.assign(crs=((), np.int32(0), mapping))


@pytest.mark.parametrize(
    "mapping",
    [
        {"grid_mapping_name": "rotated_latitude_longitude"},
        {"grid_mapping_name": "lambert_conformal_conic"},
        {"grid_mapping_name": "mercator"},
        {"crs_wkt": 'PROJCRS["ETRS89 / LAEA Europe", BASEGEOGCRS["ETRS89"]]'},
        {"spatial_ref": 'PROJCS["WGS 84 / UTM zone 33N",GEOGCS["WGS 84"]]'},
        {"proj4_params": "-m 57.3 +proj=ob_tran +o_proj=longlat +o_lat_p=39.25"},
    ],
)
@pytest.mark.parametrize("reference", ["crs", "crs: lat lon", "crs: lat lon other: y x"])
def test_a_grid_mapping_of_another_projection_is_an_error(
    mapping: dict[str, str], reference: str
) -> None:
    with pytest.raises(GridError, match=r"crs: describes the grid as .*regular latitude/longitude"):
        opened(mapped(reference, **mapping))


@pytest.mark.parametrize(
    ("reference", "mapping"),
    [
        ("crs", {"grid_mapping_name": "latitude_longitude"}),
        ("crs", {"crs_wkt": 'GEOGCRS["WGS 84"]'}),
        ("crs", {"proj4": "+proj=longlat +datum=WGS84"}),
        ("crs", {}),
        ("lost: lat lon crs: y x", {"grid_mapping_name": "mercator"}),
        ("", {"grid_mapping_name": "rotated_latitude_longitude"}),
        ("lost", {}),
    ],
)
def test_other_mappings_do_no_harm(reference: str, mapping: dict[str, str]) -> None:
    assert opened(mapped(reference, **mapping)).grid.north == LAT[0]


def test_a_mapping_of_a_decoded_data_set_counts_too() -> None:
    given = xr.decode_cf(
        mapped("crs", grid_mapping_name="rotated_latitude_longitude"),
        decode_times=False,
        decode_coords="all",
    )
    assert "grid_mapping" not in given.flood.attrs
    with pytest.raises(GridError, match="rotated_latitude_longitude"):
        opened(given)


def plane(kind: str, **attributes: str) -> tuple[Any, ...]:
    values = np.add.outer(LAT, 0 * LON) if kind == "latitude" else np.add.outer(0 * LAT, LON)
    return values, attributes


def axes(
    names: tuple[str, str],
    first: dict[str, str],
    second: dict[str, str],
    **planes: tuple[Any, ...],
) -> xr.Dataset:
    """Return a dataset on two axes, and 2-D variables on them."""
    given = dataset(
        {"flood": (DATA,)},
        names=("time", *names),
        attributes={"lat": first, "lon": second},
    )
    return given.assign({name: (names, *rest) for name, rest in planes.items()})


ROTATED = {"standard_name": "grid_latitude", "units": "degrees", "axis": "Y"}
LAT_2D, LON_2D = plane("latitude", **NORTH), plane("longitude", **EAST)
NAMED_2D = plane("latitude", standard_name="latitude")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (axes(("rlat", "rlon"), ROTATED, {"axis": "X"}), "rotated or projected"),
        (axes(("lat", "lon"), ROTATED, EAST), "rotated or projected"),
        (axes(("lat", "lon"), NORTH, EAST | {"standard_name": "grid_longitude"}), "rotated"),
        (
            axes(
                ("y", "x"),
                {"standard_name": "projection_y_coordinate", "units": "degrees"},
                {"standard_name": "projection_x_coordinate", "units": "degrees"},
            ),
            "rotated or projected",
        ),
        (
            axes(("y", "x"), {"standard_name": "projection_y_angular_coordinate"}, {}),
            "rotated or projected",
        ),
        (axes(("rlat", "rlon"), {"axis": "Y", "units": "degrees"}, {"axis": "X"}), "rotated"),
        (axes(("y", "x"), {}, {}, lat=LAT_2D, lon=LON_2D), "curvilinear"),
        (axes(("y", "x"), {"axis": "Y"}, {"axis": "X"}, XLAT=LAT_2D), "curvilinear"),
        (axes(("y", "x"), {"units": "degrees"}, {"units": "degrees"}, a=NAMED_2D), "curvilinear"),
        (axes(("lat", "lon"), {}, {}, nav_lat=plane("latitude")), "curvilinear"),
        (axes(("j", "i"), {"units": "1"}, {"units": "1"}), "does not say that it is a latitude"),
        (axes(("y", "x"), {}, {}), 'y: does not say .*units "degrees_north"'),
        (axes(("y", "x"), {"axis": "Y"}, {"axis": "X"}), "does not say that it is a latitude"),
        (axes(("y", "x"), {"units": "m"}, {"units": "m"}), '"m": the grid is projected'),
        (axes(("y", "x"), {"units": "km"}, {"units": "km"}), '"km": the grid is projected'),
        (axes(("lat", "lon"), NORTH, {"units": "metres"}), '"metres": the grid is projected'),
        (axes(("lat", "lon"), {"units": "radians"}, EAST), "expected degrees_north or degrees$"),
        (axes(("lat", "lon"), NORTH, {"units": "furlong"}), "expected degrees_east or degrees$"),
    ],
)
def test_axes_that_are_not_latitude_and_longitude_are_an_error(
    given: xr.Dataset, message: str
) -> None:
    with pytest.raises(GridError, match=message):
        opened(given)


@pytest.mark.parametrize(
    "given",
    [
        axes(("y", "x"), {"units": "degrees"}, {"units": "degrees"}),
        axes(("y", "x"), NORTH, EAST),
        axes(("y", "x"), {"standard_name": "latitude"}, {"standard_name": "longitude"}),
        axes(("lat", "lon"), {}, {}),
        axes(("lat", "lon"), {"units": "1"}, {"units": "degree"}),
        axes(("lat", "lon"), NORTH, EAST, area=plane("latitude", units="m2")),
        axes(("lat", "lon"), NORTH, EAST, lat2d=LAT_2D, lon2d=LON_2D),
        axes(("y", "x"), {}, {}).assign(
            crs=((), 0, {"grid_mapping_name": "latitude_longitude"}),
            flood=(("time", "y", "x"), DATA, {"grid_mapping": "crs"}),
        ),
    ],
)
def test_axes_that_say_that_they_are_latitude_and_longitude_load(given: xr.Dataset) -> None:
    assert opened(given).grid.north == LAT[0]


@pytest.mark.parametrize(
    ("along", "message"),
    [
        (("cell", "cell"), "along cell together with lon: an unstructured grid"),
        (("row", "column"), "rename the dimension row to lat"),
    ],
)
def test_coordinates_along_another_dimension_are_an_error(
    along: tuple[str, str], message: str
) -> None:
    shape = {"cell": 3, "row": 3, "column": 3}
    dims = ("time", *dict.fromkeys(along))
    given = xr.Dataset(
        {
            "flood": (dims, np.zeros([2, *(shape[d] for d in dims[1:])], "f4")),
            "lat": (along[0], LAT, NORTH),
            "lon": (along[1], LON[:3], EAST),
            "time": ("time", [2000, 2001]),
        }
    )
    with pytest.raises(GridError, match=message):
        opened(given)


def test_index_axes_beside_latitudes_of_one_dimension_are_an_error() -> None:
    given = axes(("y", "x"), {}, {}).assign(latitude=("y", LAT, NORTH))
    with pytest.raises(GridError, match="rename the dimension y to latitude"):
        opened(given)
