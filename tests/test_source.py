"""Every layout that a file may have gives the same years, rows, columns and values."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from build_oracle import read_by_xarray
from files import (
    FILLS,
    FORMATS,
    GRIDS,
    LONGITUDES,
    NAMES,
    NASTY_NAMES,
    STATE_NAMES,
    TIME_FORMS,
    Content,
    Form,
    state_content,
    write,
)

from loader.reading.recognition import open_source
from loader.reading.source import GriddedSource, Slab
from loader.schema import SOURCES

YEARS = (1949, 1950, 1951, 1953)

VARIANTS: dict[str, list[Any]] = {
    "south_first": [True],
    "longitude": list(LONGITUDES),
    "order": list(permutations(("time", "lat", "lon"))),
    "names": list(NAMES),
    "format": list(FORMATS),
    "chunks": [None, (1, 1, 1), (2, 3, 5), (4, 4, 4), (10**6, 10**6, 10**6), (3, 10**6, 1)],
    "deflate": [False],
    "shuffle": [False],
    "checksum": [True],
    "storage": ["f8", "i2", "i4", ">f4"],
    "fill": list(FILLS),
    "time": sorted(TIME_FORMS),
    "unlimited": [True],
    "coordinate_type": ["f4"],
    "noise": [1e-6, 4e-5],
    "member": [True],
    "shuffled_years": [True],
    "bystanders": [True],
}
CASES = [(name, value) for name, values in VARIANTS.items() for value in values]


def read_all(source: GriddedSource, variable: str) -> npt.NDArray[np.float32]:
    """Return all values of a variable, missing as NaN."""
    named = next(one for one in source.variables if one.name == variable)
    values = source.read(named, Slab(0, len(source.years), 0, source.grid.n_lat))
    for code in source.codes(named):
        values = np.where(values == code, np.float32(np.nan), values)
    return values


def agrees(source: GriddedSource, content: Content) -> None:
    """Assert that a source holds the content to the last bit."""
    place = content.place
    assert source.years.tolist() == list(content.years)
    np.testing.assert_array_equal(source.grid.latitude, place.lat)
    np.testing.assert_array_equal(source.grid.longitude, place.lon)
    assert [variable.name for variable in source.variables] == list(content.values)
    for name, values in content.values.items():
        found = read_all(source, name)
        assert found.dtype == np.float32
        assert np.array_equal(np.isnan(found), np.isnan(values)), name
        known = ~np.isnan(values)
        assert np.array_equal(found[known].view(np.uint32), values[known].view(np.uint32)), name


def test_every_property_of_a_form_is_varied() -> None:
    assert set(VARIANTS) == {field.name for field in fields(Form)}


@pytest.mark.parametrize(("name", "value"), CASES, ids=[f"{n} {v}" for n, v in CASES])
def test_a_source_is_read_whatever_its(name: str, value: Any, tmp_path: Path) -> None:  # noqa: ANN401
    form = replace(Form(), **{name: value})
    content = state_content(5, GRIDS["global"], YEARS, names=STATE_NAMES[:12], masks="mixed")
    path = write(tmp_path / "states.nc", content, form)
    expected = read_by_xarray(path, content, form)
    source = open_source(SOURCES["states"], str(path))
    agrees(source, expected)
    source.close()


@pytest.mark.parametrize("grid", sorted(GRIDS))
@pytest.mark.parametrize("longitude", LONGITUDES)
@pytest.mark.parametrize("south_first", [True, False])
def test_every_grid_is_put_in_order(
    grid: str, longitude: str, south_first: bool, tmp_path: Path
) -> None:
    form = Form(longitude=longitude, south_first=south_first, noise=1e-6, coordinate_type="f4")
    content = state_content(6, GRIDS[grid], YEARS[:2], names=STATE_NAMES[:12])
    source = open_source(SOURCES["states"], str(write(tmp_path / "states.nc", content, form)))
    agrees(source, content)
    source.close()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", NASTY_NAMES)
def test_a_name_in_any_script_is_kept_as_it_is(name: str, kind: Any, tmp_path: Path) -> None:  # noqa: ANN401
    content = state_content(7, GRIDS["global"], YEARS[:1], names=(*STATE_NAMES, name))
    path = write(tmp_path / "states.nc", content, Form(format=kind))
    source = open_source(SOURCES["states"], str(path))
    assert source.variables[-1].name == name
    assert source.variables[-1].column == name
    assert source.variables[-1].units == "m s-1"
    source.close()


def test_any_box_is_the_part_of_the_whole(tmp_path: Path) -> None:
    content = state_content(8, GRIDS["finer"], YEARS, names=STATE_NAMES[:12])
    form = Form(chunks=(3, 5, 7), south_first=True, longitude="positive", shuffled_years=True)
    source = open_source(SOURCES["states"], str(write(tmp_path / "s.nc", content, form)))
    whole = read_all(source, "urban")
    (urban,) = (one for one in source.variables if one.name == "urban")
    rng = np.random.default_rng(1)
    for _ in range(50):
        first, last = np.sort(rng.choice(5, 2, replace=False))
        north, south = np.sort(rng.choice(13, 2, replace=False))
        box = source.read(urban, Slab(int(first), int(last), int(north), int(south)))
        for code in source.codes(urban):
            box = np.where(box == code, np.float32(np.nan), box)
        np.testing.assert_array_equal(box, whole[first:last, north:south])
    source.close()


@pytest.mark.parametrize(
    ("span", "years"),
    [
        ((None, None), [1949, 1950, 1951, 1953]),
        ((1950, None), [1950, 1951, 1953]),
        ((None, 1950), [1949, 1950]),
        ((1952, 1953), [1953]),
        ((1950, 1950), [1950]),
    ],
)
def test_years_are_clipped_at_both_ends_included(
    span: tuple[int | None, int | None], years: list[int], tmp_path: Path
) -> None:
    content = state_content(9, GRIDS["global"], YEARS, names=STATE_NAMES[:12])
    path = write(tmp_path / "s.nc", content, Form(shuffled_years=True))
    source = open_source(SOURCES["states"], str(path), span)
    assert source.years.tolist() == years
    rows = [YEARS.index(year) for year in years]
    np.testing.assert_array_equal(read_all(source, "urban"), content.values["urban"][rows])
    source.close()


def test_the_chunk_shape_is_that_of_the_file(tmp_path: Path) -> None:
    content = state_content(9, GRIDS["finer"], YEARS, names=STATE_NAMES[:12])
    for chunks, order, expected in (
        ((2, 5, 7), ("time", "lat", "lon"), (2, 5, 7)),
        ((2, 5, 7), ("lon", "time", "lat"), (2, 5, 7)),
        (None, ("time", "lat", "lon"), (1, 12, 24)),
        (None, ("lat", "time", "lon"), (4, 1, 24)),
    ):
        form = Form(chunks=chunks, order=order)
        source = open_source(SOURCES["states"], str(write(tmp_path / "s.nc", content, form)))
        assert source.chunk_shape == expected
        source.close()
