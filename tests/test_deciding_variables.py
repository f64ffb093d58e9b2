"""Only the land uses decide which cells have a state; a variable that is 0 at sea adds none."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from files import FRACTIONS
from memory import SEA, YEARS, dataset, on_land, states

from loader.errors import BadValueError, SourceError
from loader.reading.blocks import BlockReader, CellRule, Rows, first_cells
from loader.reading.plan import plan_blocks
from loader.reading.recognition import open_source
from loader.schema import SOURCES

LAND = np.flatnonzero(~SEA.reshape(-1))


def read(
    given: xr.Dataset, kind: str = "states", rule: CellRule | None = None
) -> tuple[Rows, npt.NDArray[np.bool_]]:
    """Return all rows of a source, and the cells that have a value."""
    source = open_source(SOURCES[kind], given)
    known = first_cells(source)
    (block,) = plan_blocks(source, int(np.count_nonzero(known)), 2**20, 16)
    rows = BlockReader(source, rule or CellRule()).read(block, known)
    return rows, rows.has_value


@pytest.mark.parametrize("name", ["pltns", "secma", "secmb", "a_further_one"])
def test_a_variable_that_is_0_at_sea_adds_no_cell(name: str) -> None:
    units = {"secma": "years", "secmb": "kg m-2"}.get(name, "1")
    rows, has_value = read(states(**{name: (on_land(0.25, code=0.0), {"units": units})}))
    assert np.unique(rows.cell_id).tolist() == LAND.tolist()
    assert len(rows) == LAND.size * len(YEARS)
    assert np.flatnonzero(has_value).tolist() == LAND.tolist()
    assert set(rows.values[name]) == {np.float32(0.25)}


def test_the_first_variable_of_the_file_does_not_decide_for_being_the_first() -> None:
    given = states(secma=(on_land(3, code=0.0), {"units": "years"}))
    order = ["secma", *FRACTIONS]
    rows, has_value = read(given[order])
    assert np.unique(rows.cell_id).tolist() == LAND.tolist()
    assert np.flatnonzero(has_value).tolist() == LAND.tolist()


def test_a_row_without_any_land_use_is_not_stored_whatever_else_it_has() -> None:
    given = states(secma=(on_land(3, code=0.0), {"units": "years"}))
    for name in FRACTIONS:
        given[name][1, 1, 1] = np.nan
    rows, _ = read(given)
    assert len(rows) == LAND.size * len(YEARS) - 1
    assert (rows.cell_id[rows.year == YEARS[1]] != 5).all()


def test_one_land_use_alone_makes_a_row() -> None:
    given = states()
    given["range"][0, 0, 0] = 0.5
    rows, has_value = read(given)
    assert has_value[0]
    assert rows.year[rows.cell_id == 0].tolist() == [YEARS[0]]


def test_every_cell_is_stored_on_demand_but_only_land_uses_give_it_a_state() -> None:
    rule = CellRule(stored=np.ones(SEA.size, bool), keep_empty=True)
    rows, has_value = read(states(secma=(on_land(3, code=0.0), {"units": "years"})), rule=rule)
    assert len(rows) == SEA.size * len(YEARS)
    assert np.flatnonzero(has_value).tolist() == LAND.tolist()


@pytest.mark.parametrize("kind", ["transitions", "management"])
def test_of_the_other_sources_any_variable_makes_a_row(kind: str) -> None:
    given = dataset({"rndwd": (on_land(0.5),), "flood": (on_land(0.5, code=0.0),)})
    rows, has_value = read(given, kind)
    assert len(rows) == SEA.size * len(YEARS)
    assert has_value.all()


@pytest.mark.parametrize(
    "attributes",
    [
        {"valid_min": np.int16(0)},
        {"valid_range": np.array([0, 10000], np.int16)},
        {"valid_range": np.array([0.0, 1.0])},
        {"valid_min": np.float32(0), "valid_max": np.float32(1)},
    ],
)
def test_a_value_outside_the_valid_range_is_an_error_where_nothing_else_says_missing(
    attributes: dict[str, Any],
) -> None:
    packed = on_land(5000, "i2", -32768)
    attributes = {"units": "1", "scale_factor": np.float64(1e-4)} | attributes
    with pytest.raises(BadValueError, match=r"urban: is -3\.2768 in 2000 at latitude 47\.5"):
        read(states().assign(urban=(("time", "lat", "lon"), packed, attributes)))
    attributes |= {"_FillValue": np.int16(-32768)}
    rows, _ = read(states().assign(urban=(("time", "lat", "lon"), packed, attributes)))
    assert len(rows) == LAND.size * len(YEARS)
    assert set(rows.values["urban"]) == {np.float32(0.5)}


def test_some_of_the_land_uses_are_an_error_that_names_the_others() -> None:
    given = states()[["primf", "secdf"]]
    with pytest.raises(SourceError, match=r"has 2 of the 12 .* lacks c3ann, .*urban") as caught:
        read(given)
    assert "rename" not in str(caught.value)
    given = states().rename(urban="Urban", c3ann="c3anm")
    with pytest.raises(SourceError, match=r"lacks c3ann, urban; it has Urban, c3anm: rename them"):
        read(given)
