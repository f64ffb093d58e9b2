"""What queries answer about change, countries, forests and a linear model, against pandas."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd
import pytest
from sql_database import (
    CROPS,
    KEYS,
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
FRACTIONS = list(USES[:12])
GRAZING = ["pastr", "range"]
OTHER = ["primn", "secdn"]
CO2 = 3.664
Database = tuple[duckdb.DuckDBPyConnection, Frames]


@pytest.fixture(scope="module")
def made() -> Iterator[Database]:
    frames = with_static(random_frames(8, range(1843, 1864), range(1845, 1862)), seed=9)
    with duckdb.connect() as con:
        create(con, frames)
        insert(con, "transition", random_transitions(10, range(1848, 1853)))
        yield con, frames


@pytest.fixture
def database(made: Database) -> Iterator[Database]:
    # A cursor is a session of its own: the variables of one test stay with it.
    con, frames = made
    with con.cursor() as session:
        yield session, frames


def answer(con: duckdb.DuckDBPyConnection, name: str) -> pd.DataFrame:
    done = con.execute(QUERIES[name].text)
    names = [column[0] for column in done.description]
    return pd.DataFrame(done.fetchall(), columns=names)


def agree(found: pd.DataFrame, expected: pd.DataFrame, places: int) -> None:
    """Compare by column, to the decimals that the query keeps."""
    assert len(found) == len(expected)
    for name in found.columns:
        if expected[name].dtype.kind in "fi":
            tolerance = 0.5 * 10.0**-places * 1.01
            values = found[name].astype(float).to_numpy()
            wanted = expected[name].astype(float).to_numpy()
            np.testing.assert_allclose(values, wanted, atol=tolerance, rtol=1e-9, err_msg=name)
        else:
            assert found[name].tolist() == expected[name].tolist(), name


def emissions(frames: Frames) -> pd.DataFrame:
    rows = frames.eluc.merge(frames.cell, on="cell_id")
    rows["emission_tc"] = rows.eluc.astype(np.float64) * rows.area_ha
    return rows.assign(country=rows.country.fillna("Unassigned"))


def areas(frames: Frames) -> pd.DataFrame:
    """Land uses in ha, with the cell beside them."""
    rows = with_uses(frames.state).merge(frames.cell, on="cell_id")
    for name in USES:
        rows[name] = rows[name].astype(np.float64) * rows.area_ha
    return rows.assign(country=rows.country.fillna("Unassigned"))


def changes(frames: Frames) -> pd.DataFrame:
    """Float32 differences to the next year, named as the uses, beside area and emissions."""
    after = frames.state.assign(year=frames.state.year - 1)
    pairs = frames.state.merge(after, on=KEYS, suffixes=("", " new"))
    for name in FRACTIONS:
        pairs[f"{name} diff"] = pairs[f"{name} new"] - pairs[name]
    pairs["changed"] = pairs[[f"{n} diff" for n in FRACTIONS]].abs().sum(axis=1, skipna=False) / 2
    return pairs.merge(frames.cell, on="cell_id")


def test_decades_have_mean_extremes_and_sums(database: Database) -> None:
    con, frames = database
    rows = emissions(frames)
    total = rows.emission_tc.groupby(rows.year).sum() / 1e9
    by = total.groupby(total.index // 10 * 10)
    expected = pd.DataFrame(
        {
            "years": by.count(),
            "mean_pgc": by.mean(),
            "lowest_pgc": by.min(),
            "highest_pgc": by.max(),
            "total_pgc": by.sum(),
            "total_pgco2": by.sum() * CO2,
            "cumulative_pgc": by.sum().cumsum(),
        }
    )
    expected = expected.rename_axis("decade").reset_index()
    assert expected.years.tolist() == [5, 10, 2]
    found = answer(con, "emissions_by_decade")
    agree(found, expected, 2)
    agree(found[["mean_pgc", "lowest_pgc", "highest_pgc"]], expected, 3)


def test_anomalies_are_from_the_mean_of_the_base_period(database: Database) -> None:
    con, frames = database
    rows = emissions(frames)
    total = rows.emission_tc.groupby(rows.year).sum() / 1e9
    for first, last in ((1845, 1861), (1850, 1859)):
        if first == 1850:
            con.execute("SET VARIABLE first_year = 1850; SET VARIABLE last_year = 1859").fetchall()
        base = total.loc[first:last]
        expected = pd.DataFrame(
            {
                "year": total.index,
                "emission_pgc": total.to_numpy(),
                "anomaly_pgc": (total - base.mean()).to_numpy(),
                "anomaly_std": ((total - base.mean()) / base.std()).to_numpy(),
            }
        )
        found = answer(con, "emission_anomalies")
        agree(found[["year", "emission_pgc", "anomaly_pgc"]], expected, 3)
        agree(found[["anomaly_std"]], expected, 2)


def test_changed_land_and_its_emissions_by_decade(database: Database) -> None:
    con, frames = database
    rows = changes(frames).dropna(subset=["changed"])
    rows["decade"] = rows.year // 10 * 10
    rows["changed_ha"] = rows.changed.astype(np.float64) * rows.area_ha
    rows["land_ha"] = rows[FRACTIONS].astype(np.float64).sum(axis=1) * rows.area_ha
    by = rows.groupby("decade")
    expected = pd.DataFrame({"years": by.year.nunique()})
    expected["changed_mha"] = by.changed_ha.sum() / expected.years / 1e6
    expected["changed_share"] = by.changed_ha.sum() / by.land_ha.sum()
    found = answer(con, "land_changed")
    agree(found[["decade", "years", "changed_share"]], expected.reset_index(), 6)
    np.testing.assert_allclose(found.changed_mha, expected.changed_mha, atol=0.0051)

    both = rows.merge(emissions(frames)[[*KEYS, "emission_tc"]], on=KEYS)
    both = both.dropna(subset=["emission_tc"])
    found = answer(con, "emissions_per_hectare_changed")
    for active in (False, True):
        if active:
            both = both[both.changed > 0.001]
        by = both.groupby("decade")
        ratio = by.emission_tc.sum() / by.changed_ha.sum()
        prefix = "active_" if active else ""
        np.testing.assert_allclose(found[f"{prefix}emission_tc_per_ha"], ratio, atol=0.051)
        total = by.emission_tc.sum() / 1e9
        np.testing.assert_allclose(found[f"{prefix}emission_pgc"], total, atol=5.1e-4)


def test_emissions_without_change_are_not_active() -> None:
    frames = random_frames(8, (1850, 1851), (1850,))
    types = {"cell_id": np.int32, "year": np.int16}
    state = pd.DataFrame({"cell_id": [3, 3, 4, 4], "year": [1850, 1851] * 2}).astype(types)
    state[FRACTIONS] = np.float32(0.05)
    state["primf"] = np.array([0.05, 0.05, 0.05, 0.03], dtype=np.float32)
    state["c3ann"] = np.array([0.05, 0.05, 0.05, 0.07], dtype=np.float32)
    eluc = pd.DataFrame({"cell_id": [3, 4], "year": [1850, 1850]}).astype(types)
    eluc["eluc"] = np.array([0.5, 2], dtype=np.float32)
    with duckdb.connect() as con:
        create(con, Frames(frames.cell, state, eluc))
        found = answer(con, "emissions_per_hectare_changed").iloc[0]
    area = frames.cell.area_ha[[3, 4]].to_numpy()
    emission = area * [0.5, 2]
    np.testing.assert_allclose(found.emission_tc_per_ha, emission.sum() / area[1] / 0.02, atol=0.1)
    np.testing.assert_allclose(found.active_emission_tc_per_ha, 2 / 0.02, atol=0.1)


def test_the_cells_whose_cropland_grew_most_come_first(database: Database) -> None:
    con, frames = database
    rows = areas(frames)
    for first, last in ((1853, 1863), (1845, 1847)):
        if first == 1845:
            con.execute("SET VARIABLE first_year = 1845; SET VARIABLE last_year = 1847").fetchall()
        old, new = (rows[rows.year == year].set_index("cell_id") for year in (first, last))
        shared = old.index.intersection(new.index)
        old, new = old.loc[shared], new.loc[shared]
        grown = (new.crop - old.crop).sort_values(ascending=False).dropna().head(25)
        difference = (new[list(USES)] - old[list(USES)]).loc[grown.index]
        found = answer(con, "crop_expansion")
        expected = pd.DataFrame(
            {
                "lat": old.lat[grown.index],
                "lon": old.lon[grown.index],
                "crop_ha": grown,
                "forest_ha": difference.forest,
                "grazing_ha": difference[GRAZING].sum(axis=1, skipna=False),
                "other_natural_ha": difference[OTHER].sum(axis=1, skipna=False),
                "urban_ha": difference.urban,
            }
        )
        # The query subtracts float32 fractions, pandas float64 areas.
        for name in expected.columns:
            wanted = expected[name].to_numpy()
            np.testing.assert_allclose(found[name].astype(float), wanted, rtol=2e-3, atol=300)


def test_primary_forest_is_logged_or_cleared(database: Database) -> None:
    con, frames = database
    rows = fetch(con, "SELECT * FROM transition").merge(frames.cell, on="cell_id")
    decade = rows.year // 10 * 10

    def mha(*names: str) -> pd.Series:
        area = rows[list(names)].astype(np.float64).sum(axis=1) * rows.area_ha
        return area.groupby(decade).sum() / 1e6

    expected = pd.DataFrame(
        {
            "years": rows.year.groupby(decade).nunique(),
            "logged_mha": mha("primf_harv"),
            "to_crop_mha": mha(*(f"primf_to_{name}" for name in CROPS)),
            "to_grazing_mha": mha(*(f"primf_to_{name}" for name in GRAZING)),
            "to_urban_mha": mha("primf_to_urban"),
            "to_other_natural_mha": mha("primf_to_secdn"),
        }
    )
    found = answer(con, "primary_forest_loss").set_index("decade")
    assert found.index.tolist() == [1840, 1850]
    assert list(found.columns) == list(expected.columns)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_gross_change_is_every_move_and_net_what_is_left(database: Database) -> None:
    con, frames = database
    rows = fetch(con, "SELECT * FROM transition").merge(frames.cell, on="cell_id")
    gross, net = np.zeros(len(rows)), {name: np.zeros(len(rows)) for name in FRACTIONS}
    harvest = {"primf_harv": ("primf", "secdf"), "primn_harv": ("primn", "secdn")}
    for column in rows.columns:
        origin, _, target = column.partition("_to_")
        if column in harvest:
            origin, target = harvest[column]
        elif not target:
            continue
        moved = rows[column].astype(np.float64).to_numpy()
        gross = gross + moved
        net[target] = net[target] + moved
        net[origin] = net[origin] - moved
    half = np.sum([np.abs(change) for change in net.values()], axis=0) / 2
    rows = rows.assign(gross=gross * rows.area_ha, net=half * rows.area_ha)
    rows["harvested"] = (rows.primf_harv.astype(float) + rows.primn_harv) * rows.area_ha
    sums = rows.groupby(rows.year // 10 * 10)[["gross", "net", "harvested"]].sum()
    years = rows.year.groupby(rows.year // 10 * 10).nunique()
    found = answer(con, "gross_and_net_change").set_index("decade")
    assert found.years.tolist() == years.tolist() == [2, 3]
    for name in sums.columns:
        wanted = sums[name] / years / 1e6
        np.testing.assert_allclose(found[f"{name}_mha"], wanted, rtol=1e-5, err_msg=name)
    np.testing.assert_allclose(found.gross_per_net, sums.gross / sums.net, atol=0.0051)
    assert (found.gross_per_net > 2).all()


def test_potential_forest_is_covered_by_something(database: Database) -> None:
    con, frames = database
    rows = areas(frames)
    rows = rows[rows.potential_forest & rows.year.isin([1843, 1850, 1860, 1863])]
    rows = rows.dropna(subset=FRACTIONS)
    by = rows.groupby("year")[list(USES)].sum() / 1e6
    expected = pd.DataFrame(
        {
            "primary_mha": by.primf,
            "secondary_mha": by.secdf,
            "crop_mha": by.crop,
            "grazing_mha": by[GRAZING].sum(axis=1),
            "urban_mha": by.urban,
            "other_natural_mha": by[OTHER].sum(axis=1),
            "forest_share": by.forest / by[FRACTIONS].sum(axis=1),
        }
    )
    found = answer(con, "potential_forest_left")
    assert found.year.tolist() == by.index.tolist()
    np.testing.assert_allclose(found.forest_share, expected.forest_share, atol=5.1e-5)
    found = found.set_index("year").drop(columns="forest_share")
    expected = expected.drop(columns="forest_share")
    assert list(found.columns) == list(expected.columns)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_countries_are_ranked_by_their_mean_emissions(database: Database) -> None:
    con, frames = database
    rows = emissions(frames)
    yearly = rows.groupby(["country", "year"]).emission_tc.sum().reset_index()
    for first, last in ((1852, 1861), (1846, 1846)):
        if first == 1846:
            con.execute("SET VARIABLE first_year = 1846; SET VARIABLE last_year = 1846").fetchall()
        by = yearly[yearly.year.between(first, last)].groupby("country").emission_tc
        expected = pd.DataFrame({"years": by.count(), "emission_mtc": by.mean() / 1e6})
        expected["share"] = expected.emission_mtc / expected.emission_mtc.sum()
        expected["lowest_mtc"], expected["highest_mtc"] = by.min() / 1e6, by.max() / 1e6
        expected = expected.sort_values("emission_mtc", ascending=False).reset_index()
        found = answer(con, "country_emissions")
        assert found.country.tolist() == expected.country.tolist()
        codes = found.country_iso3.fillna("none").tolist()
        known = {"Brazil": "BRA", "Indonesia": "IDN", "Soviet Union": "SUN", "Unassigned": "none"}
        assert codes == [known[country] for country in found.country]
        found = found.drop(columns=["country", "country_iso3"])
        agree(found, expected, 2)
        agree(found[["share"]], expected, 4)


def test_countries_add_up(database: Database) -> None:
    con, frames = database
    rows = emissions(frames)
    total = rows.groupby("country").emission_tc.sum().sort_values(ascending=False) / 1e9
    found = answer(con, "country_cumulative_emissions")
    assert found.country.tolist() == total.index.tolist()
    np.testing.assert_allclose(found.cumulative_pgc, total, atol=5.1e-4)
    np.testing.assert_allclose(found.cumulative_pgco2, total * CO2, atol=5.1e-4)
    np.testing.assert_allclose(found.share, total / total.sum(), atol=5.1e-5)
    np.testing.assert_allclose(found.last_50_years_pgc, total, atol=5.1e-4)
    assert set(found.first_year) == {1845}
    assert set(found.last_year) == {1861}


def test_the_last_fifty_years_are_fifty() -> None:
    years = range(1850, 1911, 2)
    frames = with_static(random_frames(8, (1850,), years), seed=9)
    rows = emissions(frames)
    recent = rows[rows.year > 1860].groupby("country").emission_tc.sum() / 1e9
    with duckdb.connect() as con:
        create(con, frames)
        found = answer(con, "country_cumulative_emissions").set_index("country")
    wanted = recent[found.index]
    np.testing.assert_allclose(found.last_50_years_pgc, wanted, atol=5.1e-4)
    assert (found.cumulative_pgc > found.last_50_years_pgc).all()


def test_countries_that_lost_most_forest_come_first(database: Database) -> None:
    con, frames = database
    by = areas(frames).groupby(["year", "country"])[list(USES)].sum() / 1e6
    for first, last in ((1843, 1863), (1850, 1851)):
        if first == 1850:
            con.execute("SET VARIABLE first_year = 1850; SET VARIABLE last_year = 1851").fetchall()
        old, new = by.xs(first), by.xs(last)
        change = pd.DataFrame(new - old).sort_values("forest")
        found = answer(con, "country_forest_loss")
        assert found.country.tolist() == change.index.tolist()
        before = old.forest[change.index]
        np.testing.assert_allclose(found.forest_mha, before, atol=0.0051)
        share = change.forest / before
        np.testing.assert_allclose(found.forest_change_share, share, atol=5.1e-5)
        for name, uses in {
            "forest": ["forest"],
            "primary": ["primf"],
            "crop": ["crop"],
            "grazing": GRAZING,
        }.items():
            wanted = change[uses].sum(axis=1)
            np.testing.assert_allclose(found[f"{name}_change_mha"], wanted, atol=5.1e-4)
