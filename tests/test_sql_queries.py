"""Every query runs as it is, and answers what pandas answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from sql_database import (
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
    found = answer(con, "describe_merged").set_index("variable").T
    assert list(found.index) == ["count", "mean", "std", "min", "25%", "50%", "75%", "max"]
    assert list(found.columns) == ["ELUC", *USES[:12]]
    expected = frames.state[list(USES[:12])].astype(np.float64).describe()
    expected.insert(0, "ELUC", frames.eluc.eluc.astype(np.float64).describe())
    np.testing.assert_allclose(found.astype(float), expected, atol=1e-6, rtol=0)


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


def test_a_row_on_the_pole_is_in_the_northernmost_band(built: tuple[Path, Frames]) -> None:
    _, frames = built
    with duckdb.connect() as con:
        create(con, frames)
        con.execute("UPDATE cell SET lat = 90 WHERE lat > 60")
        bands = answer(con, "emissions_by_latitude")
    assert bands.north.max() == 90


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
