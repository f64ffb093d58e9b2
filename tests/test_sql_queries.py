"""Every query runs as it is, and answers what pandas answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from sql_database import (
    GRID,
    USES,
    Frames,
    create,
    fetch,
    insert,
    random_frames,
    random_transitions,
    with_static,
    with_uses,
)

from loader.catalog.sqlfiles import read_files

QUERIES = read_files("queries")
Database = tuple[duckdb.DuckDBPyConnection, Frames]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Frames]:
    frames = with_static(random_frames(seed=8), seed=9)
    path = tmp_path_factory.mktemp("queries") / "luc.duckdb"
    with duckdb.connect(str(path)) as con:
        create(con, frames)
        insert(con, "transition", random_transitions(10))
    return path, frames


@pytest.fixture
def database(built: tuple[Path, Frames]) -> Iterator[Database]:
    path, frames = built
    with duckdb.connect(str(path), read_only=True) as con:
        yield con, frames


def answer(con: duckdb.DuckDBPyConnection, name: str) -> pd.DataFrame:
    done = con.execute(QUERIES[name].text)
    names = [column[0] for column in done.description]
    return pd.DataFrame(done.fetchall(), columns=names)


def test_there_are_twenty_and_more() -> None:
    assert len(QUERIES) >= 20


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_answers_read_only(database: Database, name: str) -> None:
    con, _ = database
    lat, lon = con.execute("SELECT lat, lon FROM luc ORDER BY ALL").fetchall()[0]
    con.execute(f"SET VARIABLE latitude = {lat}; SET VARIABLE longitude = {lon}").fetchall()
    assert not answer(con, name).empty


def test_describe_merged_is_pandas_describe(database: Database) -> None:
    con, frames = database
    found = answer(con, "describe_merged").set_index(["coverage", "variable"]).T
    statistics = ["count", "mean", "std", "min", "25%", "50%", "75%", "max"]
    assert list(found.index) == statistics
    fractions = frames.state[list(USES[:12])].astype(np.float64).describe()
    for coverage in ("stored rows", "every cell of the grid"):
        for name in USES[:12]:
            np.testing.assert_allclose(
                found[coverage, name].astype(float), fractions[name], atol=1e-6, rtol=0
            )
    stored = frames.eluc.eluc.astype(np.float64)
    cells = GRID.n_cells * frames.eluc.year.nunique()
    sea = pd.concat([stored, pd.Series(np.zeros(cells - len(stored)))])
    for coverage, values in (("stored rows", stored), ("every cell of the grid", sea)):
        row = found[coverage, "ELUC"].astype(float)
        np.testing.assert_allclose(row, values.describe(), atol=1e-6, rtol=0)
    assert found.columns.get_loc(("stored rows", "ELUC")) == 0


@pytest.mark.parametrize(("shift", "missing"), [(-0.7, 0.3), (-0.3, 0.05), (0.1, 0.7), (-2, 0)])
def test_sea_cells_are_zeros_among_the_ranks(shift: float, missing: float) -> None:
    rng = np.random.default_rng(2)
    frames = random_frames(8)
    keys = pd.MultiIndex.from_product([range(GRID.n_cells), range(1850, 1855)])
    eluc = keys.to_frame(index=False, name=["cell_id", "year"])
    eluc = eluc.astype({"cell_id": np.int32, "year": np.int16})
    eluc["eluc"] = (rng.random(len(eluc)) + shift).astype(np.float32)
    eluc.loc[rng.random(len(eluc)) < 0.1, "eluc"] = 0
    eluc = eluc[rng.random(len(eluc)) >= missing]
    sea = np.zeros(len(keys) - len(eluc))
    expected = pd.concat([eluc.eluc.astype(np.float64), pd.Series(sea)]).describe()
    with duckdb.connect() as con:
        create(con, Frames(frames.cell, frames.state, eluc))
        found = answer(con, "describe_merged").set_index(["coverage", "variable"]).T
    row = found["every cell of the grid", "ELUC"].astype(float)
    np.testing.assert_allclose(row, expected, atol=1e-6, rtol=0)


def test_the_series_is_that_of_the_nearest_cell(database: Database) -> None:
    con, frames = database
    found = answer(con, "london_series")
    assert set(zip(found.lat, found.lon, strict=True)) == {(45.0, -15.0)}
    cell = frames.cell[(frames.cell.lat == 45) & (frames.cell.lon == -15)].cell_id.iloc[0]
    state, eluc = (rows[rows.cell_id == cell] for rows in (frames.state, frames.eluc))
    assert found.year.tolist() == sorted({*state.year, *eluc.year})
    merged = found.merge(with_uses(state), on="year", suffixes=("", " file"))
    np.testing.assert_allclose(
        merged.forest.astype(float), merged["forest file"].astype(float), atol=5.1e-5
    )
    con.execute("SET VARIABLE latitude = -15; SET VARIABLE longitude = 315;").fetchall()
    assert set(answer(con, "london_series").lon) == {-45.0}


def test_the_map_is_the_last_year_with_emissions(database: Database) -> None:
    con, frames = database
    both = set(frames.state[frames.state.year == 1858].cell_id)
    both |= set(frames.eluc[frames.eluc.year == 1858].cell_id)
    assert len(answer(con, "year_map")) == len(both)
    con.execute("SET VARIABLE map_year = 1850").fetchall()
    found = answer(con, "year_map")
    assert len(found) == (frames.state.year == 1850).sum()
    assert found.eluc.isna().all()


def test_the_biggest_changes_come_first(database: Database) -> None:
    con, frames = database
    luc = fetch(con, "SELECT * FROM luc")
    cell = int(luc.cell_id.iloc[0])
    lat, lon = frames.cell.loc[frames.cell.cell_id == cell, ["lat", "lon"]].iloc[0]
    con.execute(f"SET VARIABLE latitude = {lat}; SET VARIABLE longitude = {lon};").fetchall()
    found = answer(con, "biggest_yearly_changes")
    diffs = luc[luc.cell_id == cell][[f"{name}_diff" for name in USES[:12]]].to_numpy(float)
    largest = np.sort(np.abs(diffs[~np.isnan(diffs)]))[::-1][:10]
    np.testing.assert_allclose(found.change.abs().astype(float), largest, atol=5.1e-5)


def test_the_aggregate_is_the_notebooks_merge_on_land(database: Database) -> None:
    con, frames = database
    land = frames.cell[frames.cell.is_land]
    merged = frames.state.merge(frames.eluc, on=["cell_id", "year"]).merge(land, on="cell_id")
    merged = merged.dropna(subset=["eluc", "primf"])
    assert len(answer(con, "notebook_aggregate")) == (merged.year == 1858).sum()
    con.execute("SET VARIABLE all_years = true").fetchall()
    found = answer(con, "notebook_aggregate")
    assert len(found) == len(merged)
    np.testing.assert_array_equal(
        np.sort(found.ELUC.to_numpy(np.float32)), np.sort(merged.eluc.to_numpy())
    )


def test_emissions_add_up_over_latitudes_and_years(database: Database) -> None:
    con, frames = database
    rows = frames.eluc.merge(frames.cell, on="cell_id")
    total = (rows.eluc.astype(np.float64) * rows.area_ha).groupby(rows.year).sum() / 1e9
    found = answer(con, "global_emissions_by_year")
    np.testing.assert_allclose(found.emission_pgc, total, atol=5.1e-4)
    np.testing.assert_allclose(found.cumulated_pgc, total.cumsum(), atol=5.1e-3)
    np.testing.assert_allclose(
        found.mean_10_years_pgc, total.rolling(10, min_periods=1).mean(), atol=5.1e-4
    )
    bands = answer(con, "emissions_by_latitude")
    assert (bands.years == 7).all()
    np.testing.assert_allclose((bands.emission_pgc * 7).sum(), total.sum(), atol=5e-3)


def test_hotspots_are_the_largest_emitters(database: Database) -> None:
    con, frames = database
    rows = frames.eluc[frames.eluc.year.between(1849, 1858)].merge(frames.cell, on="cell_id")
    emission = (rows.eluc.astype(np.float64) * rows.area_ha).groupby(rows.cell_id).sum()
    found = answer(con, "hotspots")
    largest = emission.sort_values(ascending=False).head(25)
    np.testing.assert_allclose(found.emission_tc, largest, atol=0.51)
    con.execute("SET VARIABLE first_year = 1851; SET VARIABLE last_year = 1851").fetchall()
    assert answer(con, "hotspots").emission_tc.iloc[0] < found.emission_tc.iloc[0]


def test_land_is_lost_and_gained_by_decade(database: Database) -> None:
    con, _ = database
    luc = fetch(con, "SELECT * FROM luc")
    found = answer(con, "forest_loss").iloc[0]
    change = luc.forest_diff.astype(float) * luc.area_ha / 1e6
    assert found.decade == 1850
    assert found.years == luc.year.nunique()
    np.testing.assert_allclose(found.forest_lost_mha, -change.clip(upper=0).sum(), atol=0.051)
    np.testing.assert_allclose(found.forest_gained_mha, change.clip(lower=0).sum(), atol=0.051)
    decades = answer(con, "land_use_by_decade")
    totals = fetch(con, "SELECT * FROM state_global", ["year"])
    assert decades.year.tolist() == [1850]
    np.testing.assert_allclose(decades.crop_mha, totals.crop_mha[:1], atol=0.051)
    left = answer(con, "primary_land_left")
    assert left.year.tolist() == [1850, 1858]
    share = totals.primf_mha.iloc[-1] / totals.primf_mha.iloc[0]
    np.testing.assert_allclose(left.primary_forest_share, [1, share], atol=5.1e-4)


def test_masks_are_compared_cell_by_cell(database: Database) -> None:
    con, frames = database
    found = answer(con, "mask_comparison")
    cell = frames.cell
    assert found.cells.sum() == (cell.is_land | cell.has_state).sum()
    only = found[found.is_land & ~found.has_state]
    assert only.cells.sum() == (cell.is_land & ~cell.has_state).sum()


def faults(con: duckdb.DuckDBPyConnection) -> dict[int, int]:
    found = answer(con, "data_quality")
    return {int(check[:2]): int(count) for check, count in found.itertuples(index=False)}


def test_data_quality_finds_each_fault() -> None:
    rng = np.random.default_rng(4)
    frames = random_frames(9, range(1850, 1856), range(1850, 1856))
    cells, years = np.arange(GRID.n_cells, dtype=np.int32), range(1850, 1856)
    keys = pd.MultiIndex.from_product([cells, years], names=["cell_id", "year"])
    state = keys.to_frame(index=False).astype({"cell_id": np.int32, "year": np.int16})
    eluc = state.copy()
    for name in frames.state.columns[2:]:
        state[name] = (rng.random(len(state)) / 12).astype(np.float32)
    eluc["eluc"] = rng.random(len(eluc), dtype=np.float32)
    with duckdb.connect() as con:
        create(con, Frames(frames.cell, state, eluc))
        assert faults(con) == dict.fromkeys(range(1, 14), 0)
        again = state[state.year == 1855]
        insert(con, "state", again)
        insert(con, "eluc", eluc.head(2))
        insert(con, "state", again.assign(year=np.int16(1858)))
        insert(con, "eluc", eluc[eluc.year == 1855].assign(year=np.int16(1857)))
        insert(con, "state", again.head(1).assign(year=np.int16(1859), primf=np.float32(-1)))
        stray = eluc.head(1).assign(year=np.int16(1858), cell_id=np.int32(5000))
        insert(con, "eluc", stray)
        con.execute("INSERT INTO eluc VALUES (1, 1858, 'inf'::REAL)").fetchall()
        con.execute("CREATE VIEW merged_diff AS SELECT area_ha AS cell_area_diff FROM cell")
        assert faults(con) == {
            1: GRID.n_cells,
            2: 2,
            3: 2,
            4: 1,
            5: 7,
            6: 6,
            7: 1,
            8: 1,
            9: 0,
            10: 1,
            11: 1,
            12: 1,
            13: 3,
        }
        con.execute("DELETE FROM state WHERE year = 1855").fetchall()
        insert(con, "state", state[state.year == 1854].assign(year=np.int16(1855)))
        assert faults(con)[9] == 1
