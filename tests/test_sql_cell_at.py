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


@pytest.mark.parametrize("grid", [*GLOBAL.values(), *REGIONAL.values()], ids=[*GLOBAL, *REGIONAL])
def test_the_nearest_cell_is_xarrays(grid: Grid) -> None:
    latitude, longitude = places(grid)
    assert cells(grid, latitude, longitude) == nearest(grid, latitude, longitude)


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
    longitude = np.array([175.5, 179.5, 180.0, -179.9, -175.5, 184.4, -160.0, 160.0, 0.5, -2.0])
    expected = [0, 4, 5, 5, 9, 9, 9, 0, 0, 9]
    assert cells(CROSSING, np.full(longitude.size, 80.0), longitude) == expected


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
