"""Views of changes, shares and sums, and the splits, against pandas, xarray and hashlib."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd
import pytest
from sql_database import (
    CONTEXT,
    KEYS,
    USES,
    Frames,
    create,
    dates,
    fetch,
    random_frames,
    same,
    with_dates,
    with_uses,
)

import loader.catalog.objects
from loader.catalog.objects import SchemaContext
from loader.grid import Grid

Database = tuple[duckdb.DuckDBPyConnection, Frames]
FRACTIONS = list(USES[:12])
CO2 = 3.664


@pytest.fixture(scope="module", params=[1, 16], ids=lambda years: f"blocks of {years}")
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    rng = np.random.default_rng(11)
    frames = random_frames(seed=12)
    ice = rng.random(len(frames.cell)).astype(np.float32)
    ice[:20] = [1, np.nan, 0, 0.5] * 5
    frames = Frames(frames.cell.assign(ice_water_fraction=ice), frames.state, frames.eluc)
    with pytest.MonkeyPatch.context() as patch, duckdb.connect() as con:
        patch.setattr(loader.catalog.objects, "_BLOCK_YEARS", request.param)
        create(con, frames)
        yield con, frames


def test_land_changed_is_half_the_sum_of_the_changes(database: Database) -> None:
    con, frames = database
    after = frames.state.assign(year=frames.state.year - 1)
    pairs = frames.state.merge(after, on=KEYS, suffixes=("", " new")).merge(
        frames.cell, on="cell_id"
    )
    diffs = np.stack([pairs[f"{name} new"] - pairs[name] for name in FRACTIONS])
    assert diffs.dtype == np.float32
    changed = np.abs(diffs).astype(np.float64).sum(axis=0) / 2
    land = pairs[FRACTIONS].astype(np.float64).sum(axis=1, skipna=False)
    found = fetch(con, "SELECT * FROM land_change")
    assert set(found.year) == {1850, 1853, 1854}
    pairs = pairs.assign(
        land_ha=land * pairs.area_ha,
        changed_ha=changed * pairs.area_ha,
        changed_fraction=changed,
        changed_share=changed / land,
    )
    expected = pairs[list(found.columns)].sort_values(KEYS, ignore_index=True)
    assert 0 < expected.changed_ha.isna().sum() < len(expected)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-12)


def test_a_cell_without_any_land_use_has_no_share() -> None:
    state = pd.DataFrame({"cell_id": [7, 7], "year": [1850, 1851]})
    state = state.astype({"cell_id": np.int32, "year": np.int16})
    state[FRACTIONS] = np.float32(0)
    frames = random_frames(seed=12)
    with duckdb.connect() as con:
        create(con, Frames(frames.cell, state, frames.eluc))
        sql = "SELECT land_ha, changed_ha, changed_share FROM land_change"
        found = con.execute(sql).fetchall()
    assert found == [(0.0, 0.0, None)]


def test_shares_are_of_the_land_without_ice_and_water(database: Database) -> None:
    con, frames = database
    rows = with_uses(frames.state).merge(frames.cell, on="cell_id")
    land = 1 - rows.ice_water_fraction.astype(np.float64)
    expected = rows[["cell_id", "lat", "lon", "year", "is_land"]].copy()
    expected["land_ha"] = rows.area_ha * land
    for name in USES:
        expected[f"{name}_share"] = rows[name].astype(np.float64) / land.where(land != 0)
    assert expected.primf_share.isna().sum() > rows.primf.isna().sum()
    same(fetch(con, "SELECT * FROM land_share"), expected)


def test_shares_without_the_static_file_are_null() -> None:
    with duckdb.connect() as con:
        create(con, random_frames(seed=12))
        found = con.execute("SELECT count(*), count(land_ha), count(crop_share) FROM land_share")
        rows, *known = found.fetchall()[0]
    assert rows > 100
    assert known == [0, 0]


def test_carbon_dioxide_beside_carbon(database: Database) -> None:
    con, frames = database
    rows = frames.eluc.merge(frames.cell, on="cell_id")
    eluc = rows.eluc.astype(np.float64)
    expected = rows[["cell_id", "lat", "lon", "year", "area_ha", "is_land", "eluc"]].assign(
        eluc_tco2_ha=eluc * CO2,
        emission_tc=eluc * rows.area_ha,
        emission_tco2=eluc * rows.area_ha * CO2,
    )
    same(fetch(con, "SELECT * FROM eluc_co2"), with_dates(expected))


def test_the_world_adds_up_year_by_year(database: Database) -> None:
    con, frames = database
    rows = frames.eluc.merge(frames.cell, on="cell_id")
    total = (rows.eluc.astype(np.float64) * rows.area_ha / 1e9).groupby(rows.year).sum()
    expected = pd.DataFrame(
        {
            "year": total.index,
            "date": dates(total.index),
            "first_year": 1851,
            "years": range(1, 8),
            "emission_pgc": total.to_numpy(),
            "emission_pgco2": total.to_numpy() * CO2,
            "cumulative_pgc": total.cumsum().to_numpy(),
            "cumulative_pgco2": total.cumsum().to_numpy() * CO2,
        }
    )
    found = fetch(con, "SELECT * FROM eluc_cumulative", ["year"])
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-12)


def test_cells_add_up_over_any_years(database: Database) -> None:
    con, frames = database
    rows = frames.eluc[frames.eluc.year.between(1852, 1856)].astype({"eluc": np.float64})
    by_cell = rows.groupby("cell_id").eluc
    sums = pd.DataFrame({"years": by_cell.count(), "cumulative_tc_ha": by_cell.sum(min_count=1)})
    expected = sums.reset_index().merge(frames.cell, on="cell_id")
    expected["cumulative_tc"] = expected.cumulative_tc_ha * expected.area_ha
    expected["cumulative_tco2"] = expected.cumulative_tc * CO2
    found = fetch(con, "SELECT * FROM cumulative_emissions(1852, 1856)", ["cell_id"])
    assert (found.pop("first_year") == 1852).all()
    assert (found.pop("last_year") == 1856).all()
    assert expected.years.min() < expected.years.max() == 4
    pd.testing.assert_frame_equal(
        found, expected[list(found.columns)], check_dtype=False, rtol=1e-12
    )


FINE = Grid(n_lat=10, n_lon=10, north=1.125, west=-1.375, step_lat=0.25, step_lon=0.25)


def test_the_map_has_squares_of_one_degree() -> None:
    rng = np.random.default_rng(3)
    cells = np.arange(FINE.n_cells)
    cell = pd.DataFrame(
        {
            "cell_id": cells.astype(np.int32),
            "lat": np.repeat(FINE.latitude, FINE.n_lon),
            "lon": np.tile(FINE.longitude, FINE.n_lat),
            "area_ha": rng.uniform(1, 2, cells.size),
            "is_land": True,
            "land_fraction": np.float32(1),
            "has_state": False,
        }
    )
    keys = pd.MultiIndex.from_product([cells, (1850, 1851)], names=KEYS).to_frame(index=False)
    eluc = keys.astype({"cell_id": np.int32, "year": np.int16})
    eluc["eluc"] = rng.normal(size=len(eluc)).astype(np.float32)
    eluc.loc[rng.random(len(eluc)) < 0.2, "eluc"] = np.nan
    frames = Frames(cell, random_frames(1).state.head(0), eluc)
    with duckdb.connect() as con:
        create(con, frames, SchemaContext(FINE, {"state": CONTEXT.columns["state"]}))
        found = fetch(con, "SELECT * FROM eluc_map_1deg", ["year", "lat", "lon"])
    rows = eluc.dropna().merge(cell, on="cell_id")
    rows["lat"], rows["lon"] = np.floor(rows.lat) + 0.5, np.floor(rows.lon) + 0.5
    rows["emission_tc"] = rows.eluc.astype(np.float64) * rows.area_ha
    expected = rows.groupby(["year", "lat", "lon"])[["area_ha", "emission_tc"]].sum().reset_index()
    expected["eluc"] = expected.emission_tc / expected.area_ha
    expected = with_dates(expected[["year", "lat", "lon", "area_ha", "emission_tc", "eluc"]])
    assert len(found) == 2 * 12
    assert {*found.lat} == {-1.5, -0.5, 0.5, 1.5}
    assert {*found.lon} == {-1.5, -0.5, 0.5}
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-12)


def test_the_map_of_a_coarse_grid_is_its_cells(database: Database) -> None:
    con, frames = database
    rows = frames.eluc.dropna().merge(frames.cell, on="cell_id")
    found = fetch(con, "SELECT * FROM eluc_map_1deg", ["year", "lat", "lon"])
    expected = rows.sort_values(["year", "lat", "lon"], ignore_index=True)
    np.testing.assert_array_equal(
        found[["year", "lat", "lon"]].to_numpy(float),
        expected[["year", "lat", "lon"]].to_numpy(float),
    )
    np.testing.assert_allclose(found.eluc, expected.eluc, rtol=1e-12)


def rows_on_land(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return fetch(con, "SELECT * FROM luc WHERE is_land")


def test_a_split_by_year_keeps_the_last_years_for_the_test(database: Database) -> None:
    con, _ = database
    expected = rows_on_land(con)
    assert {*expected.year} == {1853, 1854}
    expected["split"] = np.where(expected.year >= 1854, "test", "train")
    same(fetch(con, "SELECT * FROM split_by_year(1854)"), expected)


@pytest.mark.parametrize(
    ("region", "south", "north", "inside"),
    [
        ("-45, 45, -15, 75", -45, 45, (-15, 15, 45, 75)),
        ("-45, 45, 105, -105", -45, 45, (105, 135, 165, -165, -135, -105)),
        ("15, 90, 345, 375", 15, 90, (-15, 15)),
        ("-90, 90, 105, 180", -90, 90, (105, 135, 165)),
        ("-90, 14, 0, 360", -90, 14, range(-165, 180, 30)),
        ("-90, 14, -180, 180", -90, 14, range(-165, 180, 30)),
        ("15, 15, 45, 45", 15, 15, (45,)),
    ],
)
def test_a_split_by_region_goes_eastwards_from_west(
    database: Database, region: str, south: float, north: float, inside: tuple[float, ...]
) -> None:
    con, _ = database
    expected = rows_on_land(con)
    test = expected.lat.between(south, north) & expected.lon.isin(inside)
    assert test.any()
    assert not test.all()
    expected["split"] = np.where(test, "test", "train")
    same(fetch(con, f"SELECT * FROM split_by_region({region})"), expected)


def share_of(cell_id: int, year: int, seed: int) -> float:
    digest = hashlib.md5(f"{cell_id}:{year}:{seed}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:13], 16) / 2**52


@pytest.mark.parametrize(("share", "seed"), [(0.3, 7), (0.3, 8), (0.8, -1), (0, 7), (1, 7)])
def test_a_random_split_is_that_of_the_md5(database: Database, share: float, seed: int) -> None:
    con, _ = database
    expected = rows_on_land(con)
    drawn = [share_of(*key, seed) for key in zip(expected.cell_id, expected.year, strict=True)]
    expected["split"] = np.where(np.array(drawn) < share, "test", "train")
    assert expected.split.nunique() == (1 if share in (0, 1) else 2)
    same(fetch(con, f"SELECT * FROM split_random({share}, {seed})"), expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("split_by_year(NULL)", "split_by_year: first_test_year is NULL"),
        ("split_random(NULL, 1)", "split_random: expected test_share from 0 to 1"),
        ("split_random(0.5, NULL)", "split_random: expected test_share from 0 to 1"),
        ("split_random(20, 1)", "split_random: expected test_share from 0 to 1"),
        ("split_random('nan', 1)", "split_random: expected test_share from 0 to 1"),
        ("split_by_region(10, 0, 0, 1)", "split_by_region: expected south <= north"),
        ("split_by_region(-91, 0, 0, 1)", "split_by_region: expected south <= north"),
        ("split_by_region(0, NULL, 0, 1)", "split_by_region: expected south <= north"),
        ("split_by_region(0, 1, 'inf', 1)", "split_by_region: expected south <= north"),
    ],
)
def test_a_split_by_nonsense_is_an_error(database: Database, call: str, message: str) -> None:
    con, _ = database
    with pytest.raises(duckdb.InvalidInputException, match=message):
        con.execute(f"SELECT count(*) FROM {call}").fetchall()


def test_splits_take_bound_parameters(database: Database) -> None:
    con, _ = database
    found = con.execute("SELECT split, count(*) FROM split_random(?, ?) GROUP BY ALL", [0.5, 1])
    assert {split for split, _ in found.fetchall()} == {"train", "test"}
