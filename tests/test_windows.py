"""Sources of different extent are cut to the window that they have in common."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from builds import Notices
from hypothesis import given
from hypothesis import strategies as st
from memory import dataset

from loader.building.sources import Sources, open_sources
from loader.errors import GridError
from loader.grid import Grid
from loader.options import Options
from loader.reading.inputfile import InputFile
from loader.reading.source import Slab
from loader.reading.window import common_window, part_of
from loader.reporting import Reporter, Silent
from loader.schema import ELUC, STATIC

Values = npt.NDArray[np.float64]

SILENT = Silent()
WORLD = Grid.global_grid(30)
OPTIONS = Options.parse(
    out="out",
    years=None,
    cells="data",
    storage_version="v1.0.0",
    parquet_encoding="split",
    workers=1,
    memory_limit=None,
)


def field(lat: Values, lon: Values) -> npt.NDArray[np.float32]:
    """Return a value that tells the cell: its latitude and longitude."""
    return np.asarray(np.add.outer(lat * 1000, (lon + 180) % 360), np.float32)


def source(lat: Values, lon: Values, name: str = "flood") -> xr.Dataset:
    one = field(lat, lon)
    units = {"units": ELUC.units} if name == ELUC.name else {"units": "1"}
    return dataset({name: (np.stack([one, one + 1]), units)}, lat=lat, lon=lon)


def static(lat: Values, lon: Values) -> xr.Dataset:
    shape = len(lat), len(lon)
    given = dataset({}, lat=lat, lon=lon).drop_vars("time")
    maps = {"ptbio": np.abs(field(lat, lon)), "fstnf": np.ones(shape), "icwtr": np.zeros(shape)}
    maps["ccode"] = np.broadcast_to(np.arange(shape[1]), shape)
    return given.assign({name: (("lat", "lon"), v.astype("f4")) for name, v in maps.items()})


def opened(reporter: Reporter = SILENT, /, **given: xr.Dataset) -> Sources:
    files = {name: (InputFile(name, dataset),) for name, dataset in given.items()}
    with ExitStack() as stack:
        return open_sources(files, OPTIONS, reporter, stack)


def holds_its_cells(sources: Sources) -> bool:
    """Return whether every source has in every cell what the file has there."""
    for one in sources.gridded.values():
        values = one.read(one.variables[0], Slab(0, 2, 0, one.grid.n_lat))
        expected = field(one.grid.latitude, one.grid.longitude)
        if not np.array_equal(values, np.stack([expected, expected + 1])):
            return False
    return True


LAT, LON = WORLD.latitude, WORLD.longitude
REGIONS = {
    "middle": (LAT[1:4], LON[3:7]),
    "south first": (LAT[1:4][::-1], LON[3:7]),
    "positive": (LAT[2:5], LON[7:12] % 360),
    "across the date line": (LAT[1:3], np.array([135.0, 165.0, -165.0, -135.0])),
    "at the date line": (LAT[1:3], LON[:3]),
}
WORLDS = {
    "west first": (LAT, LON),
    "positive": (LAT[::-1], np.sort(LON % 360)),
    "east first": (LAT, LON[::-1]),
}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("region", REGIONS)
def test_a_global_file_is_cut_to_a_region(region: str, world: str) -> None:
    whole, part = WORLDS[world], REGIONS[region]
    for sources in (
        opened(management=source(*whole), eluc=source(*part, ELUC.name)),
        opened(management=source(*part), eluc=source(*whole, ELUC.name)),
        opened(management=source(*part), static=static(*whole)),
    ):
        for one in sources.gridded.values():
            assert (one.grid.n_lat, one.grid.n_lon) == (len(part[0]), len(part[1]))
        assert holds_its_cells(sources)
        grid = next(iter(sources.gridded.values())).grid
        if sources.static is not None:
            expected = np.abs(field(grid.latitude, grid.longitude)).reshape(-1)
            np.testing.assert_array_equal(sources.static.potential_biomass, expected)
            assert sources.static.grid.same_as(grid)


def test_overlapping_regions_are_cut_to_what_they_share() -> None:
    listener = Notices()
    sources = opened(
        listener, management=source(LAT[0:4], LON[2:8]), eluc=source(LAT[2:6], LON[5:11], ELUC.name)
    )
    for one in sources.gridded.values():
        np.testing.assert_array_equal(one.grid.latitude, LAT[2:4])
        np.testing.assert_array_equal(one.grid.longitude, LON[5:8])
    assert sum("only the cells in common" in notice for notice in listener.notices) == 2
    assert holds_its_cells(sources)


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        (LAT[1:4] + 10, LON[3:7]),
        (LAT[1:4], LON[3:7] + 10),
        (np.arange(60.0, 0, -10), np.arange(0.0, 60, 10)),
        (LAT[4:6], LON[3:7]),
    ],
)
def test_other_cells_or_no_cell_in_common_are_an_error(lat: Values, lon: Values) -> None:
    with pytest.raises(GridError, match="has another grid"):
        opened(management=source(LAT[:3], LON), eluc=source(lat, lon, ELUC.name))


def test_a_static_grid_must_hold_all_cells() -> None:
    with pytest.raises(GridError, match="has another grid"):
        opened(management=source(LAT, LON), **{STATIC.name: static(*REGIONS["middle"])})


def test_two_separate_areas_in_common_are_an_error() -> None:
    # Columns 0 to 9, and 8 to 13 that go on around the Earth: they meet at both ends.
    rest = (LON[8] + 30 * np.arange(8) + 180) % 360 - 180
    with pytest.raises(GridError, match="has another grid"):
        opened(management=source(LAT, LON[:10]), eluc=source(LAT, rest, ELUC.name))


@given(
    first=st.tuples(*[st.integers(0, 4), st.integers(0, 10)] * 2),
    second=st.tuples(*[st.integers(0, 4), st.integers(0, 10)] * 2),
)
def test_the_common_window_is_the_intersection_of_the_cells(
    first: tuple[int, ...], second: tuple[int, ...]
) -> None:
    def grid(numbers: tuple[int, ...]) -> Grid:
        row, column, rows, columns = numbers
        west = -165.0 + 30 * column
        return Grid(2 + rows, 2 + columns, 75.0 - 30 * row, (west + 180) % 360 - 180, 30.0, 30.0)

    def cells(one: Grid) -> set[tuple[float, float]]:
        return {(a, b) for a in one.latitude for b in one.longitude}

    one, other = grid(first), grid(second)
    window = common_window([one, other])
    common = cells(one) & cells(other)
    if window is not None:
        assert cells(window) == common
        for whole in (one, other):
            part = part_of(whole, window)
            assert part is not None
            np.testing.assert_array_equal(whole.latitude[part.rows], window.latitude)
            np.testing.assert_array_equal(whole.longitude[part.columns], window.longitude)
    elif common:
        # Two areas, on either side of the Earth.
        columns = sorted({round((b + 165) / 30) for _, b in common})
        assert len(columns) < one.n_lon
