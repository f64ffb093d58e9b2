"""The nominal grid behind coordinates, and areas on the sphere."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from files import GRIDS, LONGITUDES, Place, cell_area
from hypothesis import given
from hypothesis import strategies as st

from loader.errors import GridError
from loader.grid import Grid, grid_from_coordinates

QUARTER = Grid.global_grid(0.25)


@given(
    size=st.sampled_from([0.1, 1 / 12, 0.25, 0.5, 1, 1.25, 2, 2.5, 5]),
    start=st.integers(0, 10**6),
    backwards=st.booleans(),
    south_first=st.booleans(),
    positive=st.booleans(),
    single=st.booleans(),
    noise=st.sampled_from([0, 1e-6, 3e-5]),
    seed=st.integers(0, 100),
)
def test_a_global_grid_is_recognised_in_any_order(
    size: float,
    start: int,
    backwards: bool,
    south_first: bool,
    positive: bool,
    single: bool,
    noise: float,
    seed: int,
) -> None:
    n_lat, n_lon = round(180 / size), round(360 / size)
    lat = 90 - size / 2 - size * np.arange(n_lat)
    lon = -180 + size / 2 + size * np.arange(n_lon)
    rows = np.arange(n_lat)[:: -1 if south_first else 1]
    columns = np.roll(np.arange(n_lon), start % n_lon)[:: -1 if backwards else 1]
    rng = np.random.default_rng(seed)
    file_lat = lat[rows] + rng.uniform(-noise, noise, n_lat)
    file_lon = lon[columns] + rng.uniform(-noise, noise, n_lon)
    if positive:
        file_lon %= 360
    kind = np.float32 if single else np.float64
    grid, row_axis, column_axis = grid_from_coordinates(
        file_lat.astype(kind), file_lon.astype(kind), "f.nc"
    )
    assert (grid.n_lat, grid.n_lon) == (n_lat, n_lon)
    np.testing.assert_allclose(grid.latitude, lat, rtol=0, atol=1e-4)
    np.testing.assert_allclose(grid.longitude, lon, rtol=0, atol=1e-4)
    assert grid.is_global
    np.testing.assert_array_equal(row_axis.orient(rows, 0), np.arange(n_lat))
    np.testing.assert_array_equal(column_axis.orient(columns, 0), np.arange(n_lon))


@pytest.mark.parametrize("size", [0.25, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_noise_does_not_reach_the_coordinates(size: float, kind: type) -> None:
    exact = Grid.global_grid(size)
    rng = np.random.default_rng(1)
    lat = exact.latitude + rng.uniform(-1e-5, 1e-5, exact.n_lat)
    lon = exact.longitude + rng.uniform(-1e-5, 1e-5, exact.n_lon)
    assert grid_from_coordinates(lat.astype(kind), lon.astype(kind), "f.nc")[0] == exact


def test_the_quarter_degree_grid_has_the_cells_of_the_contract() -> None:
    assert QUARTER.n_cells == 1_036_800
    assert (QUARTER.n_lat, QUARTER.n_lon) == (720, 1440)
    row = int(np.flatnonzero(QUARTER.latitude == 51.625)[0])
    column = int(np.flatnonzero(QUARTER.longitude == -0.125)[0])
    assert row * 1440 + column == 221_039


def test_areas_are_those_of_the_blue_file_and_of_the_sphere() -> None:
    area = QUARTER.cell_area_ha()
    np.testing.assert_allclose(area[0], 168.59187, rtol=1e-6)
    np.testing.assert_allclose(area[359], 77276.70, rtol=1e-6)
    np.testing.assert_array_equal(area, area[::-1])
    sphere = 4 * np.pi * 6_371_000.0**2 / 1e4
    np.testing.assert_allclose(area.sum() * 1440, sphere, rtol=1e-12)


@pytest.mark.parametrize("name", sorted(GRIDS))
def test_areas_follow_the_formula(name: str) -> None:
    place = GRIDS[name]
    grid = as_grid(place)
    np.testing.assert_allclose(grid.cell_area_ha(), cell_area(place), rtol=1e-13)


def as_grid(place: Place) -> Grid:
    return Grid(place.n_lat, place.n_lon, place.north, place.west, place.step_lat, place.step_lon)


@pytest.mark.parametrize("name", sorted(GRIDS))
def test_nominal_coordinates_are_kept(name: str) -> None:
    place = GRIDS[name]
    grid, rows, columns = grid_from_coordinates(place.lat, place.lon, "f.nc")
    assert grid == as_grid(place)
    assert not rows.reverse
    np.testing.assert_array_equal(columns.orient(place.lon, 0), place.lon)


def test_a_grid_with_points_on_the_poles_has_half_rows_there() -> None:
    lat = np.linspace(90, -90, 7)
    grid, _, _ = grid_from_coordinates(lat, np.arange(12) * 30.0 - 180, "f.nc")
    edges = grid.row_edges()
    assert (edges[0], edges[1], edges[-1]) == (90, 75, -90)
    sphere = 4 * np.pi * 6_371_000.0**2 / 1e4
    np.testing.assert_allclose(grid.cell_area_ha().sum() * 12, sphere, rtol=1e-12)


@pytest.mark.parametrize(
    ("shift", "same"), [(0, True), (5e-5, True), (9e-5, True), (2e-4, False), (0.125, False)]
)
def test_one_grid_ends_at_a_ten_thousandth_of_a_degree(shift: float, same: bool) -> None:
    moved = Grid(720, 1440, QUARTER.north, QUARTER.west + shift, 0.25, 0.25)
    assert QUARTER.same_as(moved) == same
    assert moved.same_as(QUARTER) == same
    moved = Grid(720, 1440, QUARTER.north - shift, QUARTER.west, 0.25, 0.25)
    assert QUARTER.same_as(moved) == same


def test_grids_of_other_sizes_or_steps_differ() -> None:
    assert not QUARTER.same_as(Grid.global_grid(0.5))
    assert not QUARTER.same_as(Grid(720, 1440, QUARTER.north, QUARTER.west, 0.25, 0.249))
    nearly = Grid(720, 1440, QUARTER.north, QUARTER.west - 360, 0.25, 0.25)
    assert QUARTER.same_as(nearly)


@pytest.mark.parametrize("longitude", LONGITUDES)
def test_orientation_agrees_with_sorting_by_label(longitude: str) -> None:
    rng = np.random.default_rng(2)
    values = rng.random((6, 12))
    base = xr.DataArray(
        values,
        {"lat": 75 - 30.0 * np.arange(6), "lon": -165 + 30.0 * np.arange(12)},
        ["lat", "lon"],
    )
    moved = base.roll(lon=5, roll_coords=True)[::-1]
    moved["lon"] = moved.lon % 360 if "positive" in longitude else moved.lon
    if "descending" in longitude:
        moved = moved[:, ::-1]
    _, rows, columns = grid_from_coordinates(moved.lat, moved.lon, "f.nc")
    found = columns.orient(rows.orient(moved.to_numpy(), 0), 1)
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize(
    ("lat", "lon", "variable"),
    [
        ([10.0], [0.0, 1, 2], "latitude"),
        ([10.0, 9], [[0.0, 1, 2]], "longitude"),
        ([10.0, 9, 7], [0.0, 1, 2], "latitude"),
        ([10.0, 10, 10], [0.0, 1, 2], "latitude"),
        ([91.0, 90, 89], [0.0, 1, 2], "latitude"),
        ([10.0, 9, 8], [0.0, 1, 1e30], "longitude"),
        ([10.0, 9, 8], [0.0, 1, 600], "longitude"),
        ([10.0, 9, 8], [0.0, 2, 1], "longitude"),
        ([10.0, 9, 8], np.arange(400.0), "longitude"),
        ([10.0, 9, 8], [0.0, 0, 0], "longitude"),
        ([10.0, np.nan, 8], [0.0, 1, 2], "latitude"),
    ],
)
def test_what_is_no_regular_grid_is_refused(
    lat: list[float], lon: list[float], variable: str
) -> None:
    with pytest.raises(GridError, match=rf"^f\.nc: {variable}: "):
        grid_from_coordinates(lat, lon, "f.nc")


@pytest.mark.parametrize("west", [0.0, -180.0])
def test_a_centre_on_the_date_line_lies_in_the_west(west: float) -> None:
    lat, lon = 89.5 - np.arange(180), west + np.arange(360)
    grid = grid_from_coordinates(lat, lon, "a.nc")[0]
    assert (grid.longitude.min(), grid.longitude.max()) == (-180.0, 179.0)
    assert np.unique(grid.longitude).size == 360


def test_a_longitude_more_than_there_are_is_refused() -> None:
    with pytest.raises(GridError):
        grid_from_coordinates(89.5 - np.arange(180), np.arange(361.0), "a.nc")


def test_a_region_across_the_date_line_has_180_degrees_in_the_west() -> None:
    grid = grid_from_coordinates(10.5 - np.arange(5), np.arange(170.0, 190.0), "a.nc")[0]
    expected = [*range(170, 180), *range(-180, -170)]
    np.testing.assert_array_equal(grid.longitude, expected)
