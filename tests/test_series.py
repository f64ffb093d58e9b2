"""The emissions as series of years: the rows of eluc again, joined by views instead of eluc."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import loader.building.series
from loader import build, check
from loader.building.series import Series
from loader.reading.plan import Block
from loader.sampling.writing import write_sample
from loader.schema import SERIES, SOURCES

ROWS = """
SELECT cell_id, year, eluc, later FROM (
    SELECT
        cell_id,
        unnest(generate_series(first_year, last_year)) AS year,
        unnest(eluc) AS eluc,
        unnest(later) AS later
    FROM lists
)
WHERE eluc IS NOT NULL OR later IS NOT NULL
ORDER BY ALL
"""
STATES = tuple(variable.name for variable in SOURCES["states"].variables)
VIEWS = {
    "eluc_state": "SELECT * FROM eluc_state ORDER BY cell_id, year",
    "eluc_diff": "SELECT * FROM eluc_diff ORDER BY cell_id, year",
    "luc": "SELECT * FROM luc ORDER BY cell_id, year",
}


def blocks_of(years: list[int], lengths: list[int]) -> list[Block]:
    """Cut years into blocks, each in two parts of the grid."""
    blocks, start = [], 0
    for length in [*lengths, len(years)]:
        part = years[start : start + length]
        blocks += [
            Block("eluc", part[0], part[-1], start, start + len(part), north, north + 2)
            for north in (0, 2)
            if part
        ]
        start += len(part)
    return blocks


@given(
    years=st.lists(st.integers(1845, 1905), min_size=1, max_size=40, unique=True).map(sorted),
    lengths=st.lists(st.integers(1, 20), max_size=6),
    share=st.floats(0, 1),
    batch_rows=st.integers(1, 100),
    seed=st.integers(0, 2**32 - 1),
)
def test_series_hold_the_rows(
    years: list[int], lengths: list[int], share: float, batch_rows: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    blocks = blocks_of(years, lengths)
    series = Series(blocks, 20)
    # 1. Spans are apart, no longer than 16 years, and each loaded year has one.
    assert all(first <= last < first + 16 for first, last in series.spans)
    assert all(a[1] < b[0] for a, b in zip(series.spans, series.spans[1:], strict=False))
    spans = series.span_table([*years, 1700]).to_pylist()
    assert [row["year"] for row in spans] == [1700, *years]
    assert spans[0]["first_year"] is None
    for row in spans[1:]:
        assert [first for first, last in series.spans if first <= row["year"] <= last] == [
            row["first_year"]
        ]
        assert row["date"].year == row["year"]
    # 2. The lists of all blocks give the rows back.
    index = pd.MultiIndex.from_product([range(20), years], names=["cell_id", "year"])
    rows = index.to_frame(index=False).astype({"cell_id": np.int32, "year": np.int16})
    rows = rows[rng.random(len(rows)) < share]
    for name in ("eluc", "later"):
        values = rng.normal(size=len(rows)).astype(np.float32)
        rows[name] = np.where(rng.random(len(rows)) < 0.3, np.float32(np.nan), values)
    rows = rows.dropna(subset=["eluc", "later"], how="all")
    tables = []
    for block in blocks:
        is_in = rows.year.between(block.first_year, block.last_year)
        is_in &= rows.cell_id.floordiv(10) == block.north // 2
        of_block = pa.Table.from_pandas(rows[is_in], preserve_index=False)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loader.building.series, "_BATCH_ROWS", batch_rows)
            tables.append(series.series_table(of_block))
    lists = pa.concat_tables(tables)
    with duckdb.connect() as con:
        con.register("lists", lists)
        found = con.execute(ROWS).fetchall()
        con.register("plain", pa.Table.from_pandas(rows, preserve_index=False))
        expected = con.execute("FROM plain ORDER BY ALL").fetchall()
    assert found == expected
    keys = list(zip(lists["cell_id"].to_pylist(), lists["first_year"].to_pylist(), strict=True))
    assert len(set(keys)) == len(keys)


def rows_of(out: Path, views: dict[str, str] = VIEWS) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        return {name: con.execute(query).fetchall() for name, query in views.items()}


def tables_of(out: Path) -> set[str]:
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        found = con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'meta'")
        return {name for (name,) in found.fetchall()}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    write_sample(folder, years=(1885, 1889), resolution=2, only=["states", "eluc"])
    return folder


@pytest.fixture(scope="module")
def joined(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database whose views join the tables."""
    out = tmp_path_factory.mktemp("joined")
    build(raw=raw, out=out, tables="views")
    assert not tables_of(out) & SERIES
    return out


@pytest.mark.parametrize("cells", ["data", "land"])
def test_views_give_the_same_rows_with_series(
    raw: Path, joined: Path, tmp_path: Path, cells: str
) -> None:
    build(raw=raw, out=tmp_path, cells=cells)
    assert tables_of(tmp_path) >= SERIES
    assert check(tmp_path).holds
    land = " JOIN cell USING (cell_id) WHERE cell.is_land" if cells == "land" else ""
    views = {name: query.replace(" ORDER", f"{land} ORDER") for name, query in VIEWS.items()}
    expected = rows_of(
        joined, {name: f"SELECT {name}.* {query[8:]}" for name, query in views.items()}
    )
    assert all(expected.values())
    assert rows_of(tmp_path) == expected


def test_emissions_of_years_without_states_are_rows_too(
    raw: Path, joined: Path, tmp_path: Path
) -> None:
    with xr.open_dataset(raw / "states.nc", decode_times=False) as states:
        later = states.isel(time=slice(2, -2)).load()
    build(states=later, eluc=next(raw.glob("BLUE*.nc")), out=tmp_path)
    assert tables_of(tmp_path) >= SERIES
    query = {"": "SELECT cell_id, year, eluc, primf FROM eluc_state ORDER BY ALL"}
    whole, found = rows_of(joined, query)[""], rows_of(tmp_path, query)[""]
    assert found == [
        row if 1887 <= row[1] <= 1888 else (*row[:3], None)
        for row in whole
        if 1887 <= row[1] <= 1888 or row[2] is not None
    ]


@pytest.mark.parametrize("cells", ["data", pytest.param("land", marks=pytest.mark.slow)])
def test_states_with_a_gap_are_joined(raw: Path, tmp_path: Path, cells: str) -> None:
    """Emissions of a cell and year that has no state would be lost if only the series were read."""
    with xr.open_dataset(raw / "states.nc", decode_times=False) as states:
        gap = states.load()
    with_value = np.argwhere(np.isfinite(gap["primf"].to_numpy()).all(axis=0))
    row, column = with_value[len(with_value) // 2]
    for name in STATES:
        gap[name][3, row, column] = np.nan
    eluc = next(raw.glob("BLUE*.nc"))
    build(states=gap, eluc=eluc, out=tmp_path / "stored", cells=cells)
    build(states=gap, eluc=eluc, out=tmp_path / "views", cells=cells, tables="views")
    assert not tables_of(tmp_path / "stored") & SERIES
    found = rows_of(tmp_path / "stored")
    assert found == rows_of(tmp_path / "views")
    assert any(one[3] == 1888 and one[9] is None for one in found["eluc_state"])
    assert check(tmp_path / "stored").holds


def test_a_row_has_a_value_of_any_product(raw: Path, joined: Path, tmp_path: Path) -> None:
    """A row that only a further product has is a row of luc and of eluc_diff all the same."""
    path = next(raw.glob("BLUE*.nc"))
    with xr.open_dataset(path, decode_times=False) as eluc:
        more = eluc.load()
    rng = np.random.default_rng(1)
    more["ELUC"] = more["ELUC"].where(rng.random(more["ELUC"].shape) < 0.5)
    products = {"eluc": more, "whole": path}
    build(states=raw / "states.nc", eluc=products, out=tmp_path / "stored")
    build(states=raw / "states.nc", eluc=products, out=tmp_path / "views", tables="views")
    found = rows_of(tmp_path / "stored")
    assert tables_of(tmp_path / "stored") >= SERIES
    assert found == rows_of(tmp_path / "views")
    plain = rows_of(joined)
    assert [row[:4] for row in found["luc"]] == [row[:4] for row in plain["luc"]]
    assert len(found["eluc_diff"]) == len(plain["eluc_diff"])
    assert any(row[3] is None for row in found["eluc_diff"])


def test_emissions_alone_have_series(raw: Path, tmp_path: Path) -> None:
    build(eluc=next(raw.glob("BLUE*.nc")), out=tmp_path)
    assert tables_of(tmp_path) >= SERIES
    columns = "cell_id, year, eluc"
    found = rows_of(
        tmp_path,
        {name: f"SELECT {columns} FROM {name} ORDER BY ALL" for name in ("eluc", "eluc_state")},
    )
    assert found["eluc"]
    assert found["eluc_state"] == found["eluc"]


def test_all_cells_have_no_series(raw: Path, tmp_path: Path) -> None:
    """Rows of eluc without a value could not be told from no row."""
    build(raw=raw, out=tmp_path, cells="all")
    assert not tables_of(tmp_path) & SERIES
