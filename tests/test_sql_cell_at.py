"""The macro cell_at against xarray's nearest, halfway points included."""

from __future__ import annotations

import duckdb
import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

from loader.catalog.objects import SchemaContext, create_tables, create_views
from loader.grid import Grid

Float64 = npt.NDArray[np.float64]

GLOBAL = {
    "quarter degree": Grid.global_grid(0.25),
    "half degree": Grid.global_grid(0.5),
    "one degree": Grid.global_grid(1.0),
    "two degrees": Grid.global_grid(2.0),
    "poles are centres": Grid(192, 288, 90.0, -180.0, 180 / 191, 1.25),
    "a third": Grid(540, 1080, 90 - 1 / 6, -180 + 1 / 6, 1 / 3, 1 / 3),
}
LATITUDES = {
    "without Antarctica": Grid(600, 1440, 89.875, -179.875, 0.25, 0.25),
}
REGIONAL = {
    "a tenth": Grid(80, 120, 58.95, -9.95, 0.1, 0.1),
    "southern": Grid(30, 40, -10.125, 100.125, 0.25, 0.25),
}
CROSSING = Grid(4, 10, 1.5, 175.5, 1.0, 1.0)


def cells(grid: Grid, latitude: Float64, longitude: Float64) -> list[int | None]:
    with duckdb.connect() as con:
        context = SchemaContext(grid)
        create_tables(con, context)
        create_views(con, context)
        rows = con.execute(
            "SELECT cell_at(lat, lon) FROM (SELECT unnest(?::DOUBLE[]) AS lat, "
            "unnest(?::DOUBLE[]) AS lon)",
            [latitude.tolist(), longitude.tolist()],
        ).fetchall()
    return [row[0] for row in rows]


def nearest(grid: Grid, latitude: Float64, longitude: Float64) -> list[int]:
    """What xarray selects; where the date line lies inside a cell, columns repeat beyond it."""
    n = grid.n_lon
    columns, numbers = grid.longitude, np.arange(n)
    if grid is GLOBAL["poles are centres"]:
        columns = np.concatenate([[columns[-1] - 360], columns, [columns[0] + 360]])
        numbers = np.concatenate([[n - 1], numbers, [0]])
    rows = xr.DataArray(np.arange(grid.n_lat), {"lat": grid.latitude}, ["lat"])
    across = xr.DataArray(numbers, {"lon": columns}, ["lon"])
    row = rows.sel(lat=latitude, method="nearest").to_numpy()
    column = across.sel(lon=longitude, method="nearest").to_numpy()
    return [int(cell) for cell in row * n + column]


def places(grid: Grid) -> tuple[Float64, Float64]:
    """Random places, every centre and edge, and their neighbouring floats."""
    rng = np.random.default_rng(3)
    lat, lon = grid.latitude, np.sort(grid.longitude)
    lat = np.concatenate([lat, (lat[:-1] + lat[1:]) / 2, lat - grid.step_lat / 2, [90, -90]])
    lon = np.concatenate([lon, (lon[:-1] + lon[1:]) / 2, lon + grid.step_lon / 2, [-180]])
    lat = np.concatenate(
        [lat, np.nextafter(lat, 90), np.nextafter(lat, -90), rng.uniform(-90, 90, 999)]
    )
    lon = np.concatenate(
        [lon, np.nextafter(lon, 180), np.nextafter(lon, -180), rng.uniform(-180, 180, 999)]
    )
    lat = lat[(lat >= -90) & (lat <= 90)]
    lon = lon[(lon >= -180) & (lon < 180)]
    count = max(lat.size, lon.size)
    return np.resize(lat, count), np.resize(lon, count)


GRIDS = GLOBAL | LATITUDES | REGIONAL


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_the_nearest_cell_is_xarrays(grid: Grid) -> None:
    latitude, longitude = places(grid)
    south, east = grid.latitude[-1], grid.longitude.max()
    inside = (latitude - grid.north <= 1.5 * grid.step_lat) & (
        south - latitude <= 1.5 * grid.step_lat
    )
    if not grid.is_global:
        inside &= (longitude - east <= 1.5 * grid.step_lon) & (
            grid.west - longitude <= 1.5 * grid.step_lon
        )
    expected = nearest(grid, latitude, longitude)
    assert cells(grid, latitude, longitude) == [
        cell if near else None for cell, near in zip(expected, inside, strict=True)
    ]
    assert inside.all() == (grid in GLOBAL.values())


def test_a_place_outside_a_region_has_no_cell() -> None:
    # A cell of one degree reaches half a degree beyond its centre, and one more cell counts.
    grid = Grid(4, 4, 41.5, 10.5, 1.0, 1.0)
    latitude = np.array([43.0, 43.01, 37.0, 36.99, 40.5, 40.5, 40.5, 40.5, 44.5])
    longitude = np.array([10.5, 10.5, 10.5, 10.5, 9.0, 8.99, 15.0, 15.01, 140.0])
    expected = [0, None, 12, None, 4, None, 7, None, None]
    assert cells(grid, latitude, longitude) == expected
    assert cells(grid, latitude, longitude + 360.0) == expected


def test_a_region_at_the_date_line_is_reached_from_beyond_it() -> None:
    western = Grid(2, 3, 0.5, -179.5, 1.0, 1.0)
    found = cells(western, np.full(5, 0.5), np.array([180.0, 179.5, 179.0, 178.9, -176.0]))
    assert found == [0, 0, 0, None, 2]
    eastern = Grid(2, 3, 0.5, 177.5, 1.0, 1.0)
    found = cells(eastern, np.full(4, 0.5), np.array([-180.0, -179.0, -178.9, 176.0]))
    assert found == [2, 2, None, 0]


@pytest.mark.parametrize("turns", [-720.0, -360.0, 360.0, 1080.0])
def test_longitude_goes_around(turns: float) -> None:
    grid = GLOBAL["quarter degree"]
    longitude = grid.longitude + grid.step_lon / 4
    latitude = np.full_like(longitude, 10.0)
    assert cells(grid, latitude, longitude + turns) == cells(grid, latitude, longitude)


def test_the_date_line() -> None:
    beyond = np.array([180.0, 179.99999, -180.0, 540.0])
    found = cells(GLOBAL["quarter degree"], np.full(4, 90.0), beyond)
    assert found == [0, 1439, 0, 0]
    beyond = np.array([179.5, 179.375, 180.0, 179.37, -180.0, -179.5])
    found = cells(GLOBAL["poles are centres"], np.full(6, 90.0), beyond)
    assert found == [0, 0, 0, 287, 0, 0]
    wide = Grid(4, 4, 67.5, -100.0, 45.0, 90.0)
    found = cells(wide, np.full(4, 80.0), np.array([-146.0, -145.0, -180.0, 179.0]))
    assert found == [3, 0, 3, 3]


def test_a_region_across_the_date_line() -> None:
    longitude = np.array([175.5, 179.5, 180.0, -179.9, -175.5, 184.4, -174.0, 174.0, -173.9, 0.5])
    expected = [0, 4, 5, 5, 9, 9, 9, 0, None, None]
    assert cells(CROSSING, np.full(longitude.size, 2.5), longitude) == expected


def test_what_is_no_place_is_null() -> None:
    grid = GLOBAL["one degree"]
    nan, inf = float("nan"), float("inf")
    latitude = np.array([90.0001, -90.0001, nan, inf, 0.0, 0.0])
    longitude = np.array([0.0, 0.0, 0.0, 0.0, nan, inf])
    assert cells(grid, latitude, longitude) == [None] * 6
    with duckdb.connect() as con:
        create_tables(con, SchemaContext(grid))
        create_views(con, SchemaContext(grid))
        nulls = con.execute("SELECT cell_at(NULL, 0), cell_at(0, NULL)").fetchall()
        kind = con.execute("SELECT typeof(cell_at(51, 0)), cell_at(51.5, 0::REAL)").fetchall()
    assert nulls == [(None, None)]
    assert kind == [("INTEGER", 38 * 360 + 180)]


def test_london() -> None:
    found = cells(GLOBAL["quarter degree"], np.array([51.507]), np.array([-0.127]))
    assert found == [221039]
