"""Coordinates are the centres of cells; those that are corners are an error that says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from memory import dataset

from loader.errors import GridError
from loader.grid import Grid, grid_from_coordinates
from loader.reading.centres import require_centres
from loader.reading.recognition import open_source
from loader.schema import SOURCES

Values = npt.NDArray[np.floating[Any]]


def checked(
    lat: Values, lon: Values, lat_bounds: Values | None = None, lon_bounds: Values | None = None
) -> Grid:
    grid, _, _ = grid_from_coordinates(lat, lon, "f.nc")
    require_centres(grid, ("lat", lat, lat_bounds), ("lon", lon, lon_bounds), "f.nc")
    return grid


def around(values: Values, step: float, *, at: float = 0.5, clip: bool = False) -> Values:
    """Return bounds in which every value is at a share `at` of the cell, from its low end."""
    low = values - at * step
    bounds = np.stack([low, low + step], axis=1)
    return np.clip(bounds, -90, 90) if clip else bounds


LON = np.arange(-179.5, 180)
LON_0 = np.arange(0.0, 360)
CORNERS = np.arange(90.0, -90, -1)
POINTS = np.arange(90.0, -91, -1)
CENTRES = np.arange(89.5, -90, -1)


@pytest.mark.parametrize("lat", [CORNERS, CORNERS[::-1], CORNERS - 1, (CORNERS - 1)[::-1]])
@pytest.mark.parametrize("lon", [LON, LON_0])
def test_a_global_grid_of_corners_is_an_error(lat: Values, lon: Values) -> None:
    with pytest.raises(GridError, match=r"corners of the cells.* shift .*half a cell \(0\.5"):
        checked(lat, lon)


@pytest.mark.parametrize(
    ("n_lat", "n_lon"), [(720, 1440), (360, 720), (90, 180), (18, 36), (2160, 4320)]
)
def test_corners_are_recognised_at_every_resolution(n_lat: int, n_lon: int) -> None:
    step = 180 / n_lat
    lat, lon = 90 - step * np.arange(n_lat), step * np.arange(n_lon)
    with pytest.raises(GridError, match="corners of the cells"):
        checked(lat, lon)
    with pytest.raises(GridError, match="corners of the cells"):
        checked(lat.astype(np.float32).astype(float), lon)
    assert checked(lat - step / 2, lon).n_lat == n_lat


@pytest.mark.parametrize("lat", [POINTS, POINTS[::-1], CENTRES, CENTRES[::-1], CORNERS[:60]])
@pytest.mark.parametrize("lon", [LON, LON_0])
def test_centres_points_on_the_poles_and_regions_load(lat: Values, lon: Values) -> None:
    assert checked(lat, lon).n_lat == lat.size


def test_the_rows_on_the_poles_of_a_grid_of_points_are_half_as_high() -> None:
    areas = checked(POINTS, LON).cell_area_ha()
    np.testing.assert_allclose(areas.sum() * 360, 4e-4 * np.pi * 6_371_000.0**2)


def test_bounds_around_the_values_tell_a_grid_of_points_without_a_pole() -> None:
    bounds = around(CORNERS, 1, clip=True)
    assert checked(CORNERS, LON_0, bounds).north == 90
    with pytest.raises(GridError, match="corners of the cells"):
        checked(CORNERS, LON_0, np.full_like(bounds, np.nan))


@pytest.mark.parametrize("at", [0, 1])
def test_bounds_tell_the_corners_of_a_region(at: float) -> None:
    lat, lon = np.arange(50.0, 40, -1), np.arange(5.0, 15)
    with pytest.raises(GridError, match="lat: its bounds show that it holds the edges"):
        checked(lat, lon, around(lat, 1, at=at))
    with pytest.raises(GridError, match="lon: its bounds show that it holds the edges"):
        checked(lat + 0.5, lon, around(lat + 0.5, 1), around(lon, 1, at=at))
    assert checked(lat, lon, around(lat, 1), around(lon, 1)).n_lat == 10


def test_bounds_half_a_cell_off_do_not_move_centres() -> None:
    # As in LUH2's static grid: the centres of quarter degrees, and bounds that begin at them.
    lat = 89.875 - 0.25 * np.arange(720)
    lon = -179.875 + 0.25 * np.arange(1440)
    bounds = around(lat, 0.25, at=1), around(lon, 0.25, at=0)
    assert checked(lat, lon, *bounds).north == 89.875
    assert checked(lat[100:200], lon[100:200], bounds[0][100:200], bounds[1][100:200]).n_lat == 100


def test_the_bounds_of_a_file_are_found_by_their_attribute() -> None:
    lat, lon = np.array([50.0, 49.0, 48.0]), np.array([5.5, 6.5])
    given = dataset(
        {"flood": (np.zeros((2, 3, 2), "f4"),)},
        lat=lat,
        lon=lon,
        attributes={"lat": {"units": "degrees_north", "bounds": "edges"}},
    )
    assert open_source(SOURCES["management"], given).grid.north == 50
    with pytest.raises(GridError, match="edges of the cells"):
        open_source(
            SOURCES["management"], given.assign(edges=(("lat", "nv"), around(lat, 1, at=1)))
        )
