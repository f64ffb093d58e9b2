"""Blocks cover every year and row exactly once; rows within a block come in bands."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.reading.order import BandOrder
from loader.reading.plan import BAND_ROWS, Block, plan_blocks
from loader.reading.source import Stretch


def source(
    years: Sequence[int],
    rows: int,
    chunk: tuple[int, int, int],
    positions: Sequence[int] | None = None,
    variables: int = 14,
) -> Any:  # noqa: ANN401  # stands for a GriddedSource
    return SimpleNamespace(
        years=np.array(years, dtype=np.int16),
        grid=SimpleNamespace(n_lat=rows, n_lon=10, n_cells=rows * 10),
        variables=range(variables),
        kind=SimpleNamespace(table="state"),
        stretches=(
            Stretch(
                0,
                len(years),
                chunk,
                np.array(range(len(years)) if positions is None else positions),
            ),
        ),
    )


def covered(blocks: Sequence[Block], years: int, rows: int) -> np.ndarray:
    count = np.zeros((years, rows), dtype=int)
    for block in blocks:
        count[block.first : block.last, block.north : block.south] += 1
    return count


@given(
    years=st.sets(st.integers(850, 1100), min_size=1, max_size=60),
    rows=st.integers(2, 40),
    chunk=st.tuples(*[st.integers(1, 70)] * 3),
    cells=st.integers(0, 400),
    budget=st.integers(1, 10**6),
    offset=st.integers(0, 30),
    variables=st.integers(1, 118),
)
def test_every_year_and_row_is_in_exactly_one_block(
    years: set[int],
    rows: int,
    chunk: tuple[int, int, int],
    cells: int,
    budget: int,
    offset: int,
    variables: int,
) -> None:
    ordered = sorted(years)
    positions = range(offset, offset + len(ordered))
    blocks = plan_blocks(source(ordered, rows, chunk, positions, variables), cells, budget, 16)
    assert np.all(covered(blocks, len(ordered), rows) == 1)
    assert len({block.name for block in blocks}) == len(blocks)
    assert list(blocks) == sorted(blocks, key=lambda block: (block.first, block.north))
    for block in blocks:
        assert (block.first_year, block.last_year) == (
            ordered[block.first],
            ordered[block.last - 1],
        )


def test_a_file_of_single_year_chunks_is_cut_at_round_years() -> None:
    blocks = plan_blocks(source(range(850, 2023), 720, (1, 720, 1440)), 258_539, 256 * 2**20, 16)
    length = blocks[1].last - blocks[1].first
    assert 1 < length <= 16
    assert all(block.first_year % length == 0 for block in blocks[1:])
    assert all(block.south - block.north == 720 for block in blocks)


def test_a_file_that_gains_years_keeps_its_blocks() -> None:
    few = plan_blocks(source(range(1850, 2020), 100, (1, 100, 10)), 500, 10**7, 16)
    more = plan_blocks(source(range(1850, 2030), 100, (1, 100, 10)), 500, 10**7, 16)
    assert {block.name for block in few[:-1]} <= {block.name for block in more}


def test_blocks_end_where_chunks_end() -> None:
    blocks = plan_blocks(source(range(1850, 1900), 100, (5, 100, 10)), 500, 10**7, 16)
    assert all(block.first % 5 == 0 for block in blocks)
    clipped = source(range(1852, 1900), 100, (5, 100, 10), positions=range(2, 50))
    assert {block.first for block in plan_blocks(clipped, 500, 10**7, 16)[1:]} <= set(
        range(3, 50, 5)
    )


def test_a_chunk_of_all_years_is_cut_by_rows_and_read_once() -> None:
    wide = source(range(1850, 2020), 720, (170, 90, 180))
    blocks = plan_blocks(wide, 7200, 20 * 2**20, 16)
    assert len(blocks) > 1
    assert all((block.first, block.last) == (0, 170) for block in blocks)
    assert all(block.north % 90 == 0 for block in blocks)


def test_a_budget_smaller_than_a_year_cuts_years_by_rows() -> None:
    blocks = plan_blocks(source([1850, 1851], 100, (1, 10, 10)), 1000, 10_000, 16)
    assert {block.last - block.first for block in blocks} == {1}
    assert max(block.south - block.north for block in blocks) <= 20


@pytest.mark.parametrize("change", ["first_year", "last_year", "north", "south"])
def test_the_name_of_a_block_is_its_own(change: str) -> None:
    given = {"first_year": 850, "last_year": 865, "first": 0, "last": 16, "north": 0, "south": 90}
    changed = given | {change: given[change] + 1}
    assert Block("state", **given).name != Block("state", **changed).name


@given(
    cells=st.integers(0, 20_000),
    years=st.sampled_from([1, 2, 3, 7, 16, 100, 9000]),
    seed=st.integers(0, 100),
)
def test_rows_come_in_bands_then_years_then_cells(cells: int, years: int, seed: int) -> None:
    cells = min(cells, 200_000 // years)
    order = BandOrder(cells, years)
    ids = np.sort(np.random.default_rng(seed).choice(10**6, cells, replace=False)).astype(np.int32)
    labels = np.arange(1850, 1850 + years, dtype=np.int16)
    band = max(1, BAND_ROWS // years)
    expected = [
        (int(cell), int(year))
        for start in range(0, cells, band)
        for year in labels
        for cell in ids[start : start + band]
    ]
    found = list(zip(order.by_cell(ids).tolist(), order.by_year(labels).tolist(), strict=True))
    assert found == expected
    assert order.rows == cells * years
    column = np.full(order.rows, np.nan, dtype=np.float32)
    for number in range(years):
        order.place(column, number, (ids + 1000 * number).astype(np.float32))
    wanted = [np.float32(cell + 1000 * (year - 1850)) for cell, year in expected]
    assert column.tolist() == wanted
