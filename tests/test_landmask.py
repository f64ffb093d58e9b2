"""The land mask: the notebook's counts, the float32 rule, the share of land, the cache."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from build_oracle import land, mask_archive
from files import GRIDS
from hypothesis import given
from hypothesis import strategies as st

import loader.reading.landmask
from loader import LandMaskError
from loader.cache import cache_directory
from loader.grid import Grid
from loader.reading.landmask import LandMask, land_mask


@pytest.fixture(scope="module")
def quarter() -> LandMask:
    return land_mask(Grid.global_grid(0.25))


def test_the_quarter_degree_mask_has_the_notebooks_counts(quarter: LandMask) -> None:
    assert quarter.is_land.sum() == 343_956
    assert quarter.is_land.any(axis=1).sum() == 671
    assert quarter.is_land.dtype == np.bool_


def test_known_places_are_land_and_sea(quarter: LandMask) -> None:
    for latitude, longitude, is_land in (
        (51.625, -0.125, True),
        (0.125, -150.125, False),
        (-85.125, 0.125, True),
        (41.875, 50.625, True),
        (23.125, 0.125, True),
        (60.125, -30.125, False),
    ):
        row, column = round((89.875 - latitude) * 4), round((longitude + 179.875) * 4)
        assert quarter.is_land[row, column] == is_land


def test_the_share_of_land_is_that_of_the_earth(quarter: LandMask) -> None:
    assert quarter.land_fraction.dtype == np.float32
    assert quarter.land_fraction.min() == 0
    assert quarter.land_fraction.max() == 1
    in_pixels = quarter.land_fraction.astype(np.float64) * 900
    assert np.abs(in_pixels - np.rint(in_pixels)).max() < 1e-3
    area = np.repeat(Grid.global_grid(0.25).cell_area_ha()[:, None], 1440, axis=1)
    land_mha = (quarter.land_fraction * area).sum() / 1e6
    assert 14_700 < land_mha < 15_100
    # The pixel on a cell's corner may belong to the next cell, so only most cells agree.
    pure = (quarter.land_fraction == 1) | (quarter.land_fraction == 0)
    agree = (quarter.land_fraction == 1) == quarter.is_land
    assert agree[pure].mean() > 0.999


@pytest.mark.parametrize("name", sorted(GRIDS))
def test_a_small_grid_has_the_mask_of_the_pixels(name: str) -> None:
    place = GRIDS[name]
    grid = Grid(place.n_lat, place.n_lon, place.north, place.west, place.step_lat, place.step_lon)
    found = land_mask(grid)
    is_land, fraction = land(place)
    np.testing.assert_array_equal(found.is_land, is_land)
    np.testing.assert_array_equal(found.land_fraction, fraction)
    assert 0 < is_land.sum() < is_land.size


def _pixel_axis(size: int, first: float, last: float) -> np.ndarray:
    return np.linspace(first, last, size)


@given(numerator=st.integers(-719, 719))
def test_the_index_is_computed_in_float32_on_any_numpy(numerator: int) -> None:
    """Each operation rounds to float32: what NumPy 1 did with float32 coordinates."""
    pixels = _pixel_axis(43200, -180 + 1 / 240, 180 - 1 / 240)
    centre = numerator * 0.25 + 0.125
    x, x0 = np.float32(centre), np.float32(pixels[0])
    step = np.float32(pixels[1] - pixels[0])
    by_hand = int(np.float32(np.float32(x - x0) / step))
    found = loader.reading.landmask._nearest_pixel(np.array([centre]), pixels)  # noqa: SLF001
    assert found.tolist() == [by_hand]


def test_float64_would_give_other_pixels(quarter: LandMask) -> None:
    with np.load(mask_archive()) as file:
        pixels = file["lon"]
    centres = Grid.global_grid(0.25).longitude
    wide = ((centres - pixels[0]) / (pixels[1] - pixels[0])).astype(int)
    narrow = loader.reading.landmask._nearest_pixel(centres, pixels)  # noqa: SLF001
    assert (wide != narrow).sum() > 100
    assert np.abs(wide - narrow).max() == 1


def test_centres_outside_the_pixels_take_the_outermost() -> None:
    pixels = _pixel_axis(43200, -180 + 1 / 240, 180 - 1 / 240)
    found = loader.reading.landmask._nearest_pixel(np.array([-180.0, 180.0]), pixels)  # noqa: SLF001
    assert found[0] == 0
    assert found[1] == pytest.approx(43199, abs=1)


@pytest.fixture
def computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Grid]:
    """An empty cache, a mask made up for every grid, and the grids that were computed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    grids: list[Grid] = []

    def compute(grid: Grid) -> LandMask:
        grids.append(grid)
        rng = np.random.default_rng(hash(grid) % 2**32)
        fraction = rng.random((grid.n_lat, grid.n_lon), dtype=np.float32)
        return LandMask(fraction > 0.5, fraction)

    monkeypatch.setattr(loader.reading.landmask, "_compute", compute)
    return grids


def test_an_answer_is_remembered(computed: list[Grid]) -> None:
    grid = Grid.global_grid(30)
    first, again = land_mask(grid), land_mask(grid)
    assert computed == [grid]
    assert [path.suffix for path in cache_directory().iterdir()] == [".bin"]
    np.testing.assert_array_equal(again.is_land, first.is_land)
    np.testing.assert_array_equal(again.land_fraction, first.land_fraction)
    land_mask(grid, is_cached=False)
    assert len(computed) == 2


@pytest.mark.parametrize(
    "damage",
    [
        "empty",
        "other bytes",
        "truncated",
        "longer",
        "a flipped bit",
        "another grid",
        "writable",
        "a pipe",
    ],
)
def test_a_damaged_answer_only_costs_time(damage: str, computed: list[Grid]) -> None:
    grid = Grid.global_grid(30)
    first = land_mask(grid)
    (stored,) = cache_directory().iterdir()
    whole = stored.read_bytes()
    if damage == "writable":
        stored.chmod(0o666)
    elif damage == "a pipe":
        stored.unlink()
        os.mkfifo(stored)
    elif damage == "another grid":
        land_mask(Grid(6, 12, 75, -165, 30, 30))
        computed.pop()
        (other,) = set(cache_directory().iterdir()) - {stored}
        other.replace(stored)
    else:
        flipped = bytearray(whole)
        flipped[40] ^= 1
        changed = {
            "empty": b"",
            "truncated": whole[:-1],
            "longer": whole + b"0",
            "a flipped bit": bytes(flipped),
        }
        stored.write_bytes(changed.get(damage, b"PK\x03\x04"))
    np.testing.assert_array_equal(land_mask(grid).is_land, first.is_land)
    assert computed == [grid, grid]


def test_a_remembered_mask_is_not_that_of_another_grid(computed: list[Grid]) -> None:
    grids = [Grid(6, 12, 75, -165, 30, 30), Grid(6, 12, 75, -180, 30, 30)]
    for grid in grids:
        land_mask(grid)
    assert computed == grids


def test_a_cache_that_cannot_be_written_is_no_error(
    tmp_path: Path, computed: list[Grid], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert land_mask(Grid.global_grid(30)).is_land.sum() > 0
    assert computed


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader.reading.landmask, "_PACKAGE", "no-such-land-mask")
    with pytest.raises(LandMaskError, match="pip install no-such-land-mask"):
        land_mask(Grid.global_grid(30))


@pytest.mark.slow
def test_the_mask_agrees_with_the_package_in_float32() -> None:
    """The package itself: 0.9 GB and several seconds to import."""
    globe = pytest.importorskip("global_land_mask").globe

    grid = Grid.global_grid(0.5)
    f4 = np.float32
    x0, y0 = f4(globe._lon[0]), f4(globe._lat[0])  # noqa: SLF001
    dx, dy = f4(globe._lon[1] - globe._lon[0]), f4(globe._lat[1] - globe._lat[0])  # noqa: SLF001
    columns = ((grid.longitude.astype(f4) - x0) / dx).astype(int)
    rows = ((grid.latitude.astype(f4) - y0) / dy).astype(int)
    expected = ~globe._mask[np.ix_(rows, columns)]  # noqa: SLF001
    np.testing.assert_array_equal(land_mask(grid).is_land, expected)
