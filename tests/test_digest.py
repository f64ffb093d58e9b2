"""The digest sees any change of a value, a key or a column but the sign of a zero, and no order."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.storing.digest import TableDigest

Rows = tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]


def rows(seed: int, count: int = 300, columns: int = 3) -> Rows:
    rng = np.random.default_rng(seed)
    keys = rng.choice(10_000, count, replace=False)
    values = {f"v{k}": rng.choice([0.0, 1.0, 0.5, np.nan], count) for k in range(columns)}
    return (
        (keys // 10).astype(np.int32),
        (1850 + keys % 10).astype(np.int16),
        {name: column.astype(np.float32) for name, column in values.items()},
    )


def digest(given: Rows) -> TableDigest:
    made = TableDigest()
    made.add(*given)
    return made


def copied(given: Rows) -> Rows:
    return given[0].copy(), given[1].copy(), {k: v.copy() for k, v in given[2].items()}


@given(seed=st.integers(0, 1000), parts=st.lists(st.integers(0, 300), max_size=4))
def test_order_and_parts_do_not_count(seed: int, parts: list[int]) -> None:
    whole = rows(seed)
    shuffled = np.random.default_rng(seed).permutation(300)
    merged = TableDigest()
    for part in np.split(shuffled, sorted(parts)):
        values = {k: v[part] for k, v in whole[2].items()}
        merged.merge(digest((whole[0][part], whole[1][part], values)))
    assert merged == digest(whole)
    assert merged.rows == 300


@given(
    seed=st.integers(0, 1000),
    row=st.integers(0, 299),
    column=st.sampled_from(["v0", "v1", "v2"]),
    bit=st.integers(0, 31),
)
def test_any_bit_of_any_value_counts(seed: int, row: int, column: str, bit: int) -> None:
    before = rows(seed)
    after = copied(before)
    after[2][column].view(np.uint32)[row] ^= np.uint32(1 << bit)
    old, new = before[2][column][row], after[2][column][row]
    # Infinity is in no table; the sign of a zero is the one bit that need not arrive.
    same = (not np.isfinite(old) and not np.isfinite(new)) or old == new
    assert (digest(before) == digest(after)) == same


@given(seed=st.integers(0, 1000), one=st.integers(0, 299), other=st.integers(0, 299))
def test_two_rows_that_exchange_a_value_count(seed: int, one: int, other: int) -> None:
    before = rows(seed)
    after = copied(before)
    column = after[2]["v1"]
    column[[one, other]] = column[[other, one]]
    values = before[2]["v1"][[one, other]]
    same = values[0] == values[1] or bool(np.isnan(values).all())
    assert (digest(before) == digest(after)) == same


@given(seed=st.integers(0, 1000), row=st.integers(0, 299), years=st.sampled_from([-1, 1, 7]))
def test_a_year_or_a_cell_that_is_off_counts(seed: int, row: int, years: int) -> None:
    before = rows(seed)
    later, beside = copied(before), copied(before)
    later[1][row] += years
    beside[0][row] += years
    assert digest(later) != digest(before)
    assert digest(beside) != digest(before)


def test_the_year_and_the_cell_do_not_make_up_for_each_other() -> None:
    one = (np.array([1], np.int32), np.array([1850], np.int16), {"v": np.zeros(1, np.float32)})
    for cell in range(5):
        for year in range(1845, 1856):
            other = (np.array([cell], np.int32), np.array([year], np.int16), one[2])
            assert (digest(one) == digest(other)) == ((cell, year) == (1, 1850))


@given(seed=st.integers(0, 1000))
def test_columns_exchanged_count(seed: int) -> None:
    cell, year, values = rows(seed)
    exchanged = {"v0": values["v1"], "v1": values["v0"], "v2": values["v2"]}
    assert digest((cell, year, exchanged)) != digest((cell, year, values))


@pytest.mark.parametrize("value", [0.0, np.nan, 1.0])
def test_a_row_lost_or_twice_counts_whatever_it_holds(value: float) -> None:
    cell, year, _ = rows(1)
    values = {"v": np.full(300, value, dtype=np.float32)}
    whole = digest((cell, year, values))
    short = digest((cell[1:], year[1:], {"v": values["v"][1:]}))
    assert short.content != whole.content
    again = digest((cell[:1], year[:1], {"v": values["v"][:1]}))
    again.merge(whole)
    assert again.content != whole.content


def test_rows_are_counted_by_year() -> None:
    cell = np.arange(5, dtype=np.int32)
    year = np.array([850, 850, -5, 2022, 850], dtype=np.int16)
    found = digest((cell, year, {"v": np.zeros(5, np.float32)}))
    assert found.rows_of_year == {850: 3, -5: 1, 2022: 1}
    assert found.rows == 5
    assert digest((cell[:0], year[:0], {})) == TableDigest()


@given(seed=st.integers(0, 1000))
def test_arrow_rows_have_the_digest_of_their_arrays(seed: int) -> None:
    cell, year, values = rows(seed)
    columns = {k: pa.array(v, from_pandas=True) for k, v in values.items()}
    table = pa.table({"cell_id": cell, "year": year, **columns})
    assert TableDigest.of(table) == digest((cell, year, values))
    chunked = pa.concat_tables([table.slice(0, 100), table.slice(100)])
    assert TableDigest.of(chunked) == digest((cell, year, values))
    assert TableDigest.of(table.to_batches()[0]) == digest((cell, year, values))


def test_many_rows_have_the_digest_of_their_parts() -> None:
    rng = np.random.default_rng(1)
    count = 100_001
    cell = np.arange(count, dtype=np.int32)
    year = np.full(count, 2000, dtype=np.int16)
    values = {"v": rng.random(count, dtype=np.float32)}
    parts = TableDigest()
    for part in (slice(0, 70_000), slice(70_000, None)):
        parts.merge(digest((cell[part], year[part], {"v": values["v"][part]})))
    assert digest((cell, year, values)) == parts


def test_every_year_has_a_content_of_its_own() -> None:
    cell, year, values = rows(3, 500)
    whole = digest((cell, year, values))
    assert set(whole.content_of_year) == set(whole.rows_of_year)
    for one in np.unique(year):
        of_year = year == one
        alone = digest((cell[of_year], year[of_year], {k: v[of_year] for k, v in values.items()}))
        assert alone.content_of_year == {int(one): whole.content_of_year[int(one)]}
    first = int(np.argmin(year))
    changed = {name: column.copy() for name, column in values.items()}
    name = next(iter(changed))
    changed[name][first] = np.float32(7)
    other = digest((cell, year, changed)).content_of_year
    differ = [one for one, content in whole.content_of_year.items() if other[one] != content]
    assert differ == [int(year[first])]


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_names_count_even_where_the_columns_hold_the_same(value: float) -> None:
    cell, year, _ = rows(1)
    one, other = (np.full(300, value, dtype=np.float32) for _ in range(2))
    named = digest((cell, year, {"c3ann": one, "c4ann": other}))
    assert named != digest((cell, year, {"c4ann": one, "c3ann": other}))
    assert named != digest((cell, year, {"c3ann": one, "c3per": other}))
