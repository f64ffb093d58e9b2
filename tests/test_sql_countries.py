"""Totals by country against pandas, and against the totals of the globe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pytest
from sql_database import CONTEXT, USES, Frames, create, fetch, random_frames, with_uses

MHA = [f"{name}_mha" for name in USES]
LABELS = ["country_code", "country_iso3", "country"]
COUNTRIES = pd.DataFrame(
    {
        "country_code": pd.array([4, 840, 901, 999, None], dtype="Int16"),
        "country_iso3": ["AFG", "USA", "SUN", None, None],
        "country": ["Afghanistan", "United States", "Former Soviet Union", None, None],
    }
)
"""999 is a code without a name, the last row no country at all."""


@pytest.fixture(scope="module")
def frames() -> Frames:
    frames = random_frames(seed=8)
    drawn = np.random.default_rng(8).integers(len(COUNTRIES), size=len(frames.cell))
    chosen = COUNTRIES.iloc[drawn].reset_index(drop=True)
    return replace(frames, cell=pd.concat([frames.cell, chosen], axis=1))


@pytest.fixture(scope="module")
def con(frames: Frames) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        create(con, frames, CONTEXT)
        yield con


def expected(frames: Frames, rows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Sum columns over the cells of a year and country, in float64, code by code."""
    place = frames.cell.set_index("cell_id")
    area = place.area_ha.loc[rows.cell_id].to_numpy()
    code = place.country_code.loc[rows.cell_id].to_numpy(dtype=float, na_value=-1)
    found = []
    for country in COUNTRIES.itertuples(index=False):
        number = -1 if country.country_code is pd.NA else country.country_code
        for year in sorted(set(rows.year[code == number])):
            here = (code == number) & (rows.year == year).to_numpy()
            values = [rows[name].to_numpy(dtype=np.float64)[here] for name in names]
            totals = [np.nansum(value * area[here]) / 1e6 for value in values]
            name = f"country {number}" if number == 999 else country.country
            label = "Unassigned" if number == -1 else name
            found.append([number, country.country_iso3, label, year, *totals])
    sums = [f"{name}_mha" for name in names] if len(names) > 1 else ["emission_mtc"]
    return pd.DataFrame(found, columns=[*LABELS, "year", *sums])


@pytest.mark.parametrize("view", ["eluc_country", "state_country"])
def test_countries_equal_pandas(con: duckdb.DuckDBPyConnection, frames: Frames, view: str) -> None:
    if view == "eluc_country":
        wanted, names = expected(frames, frames.eluc, ["eluc"]), ["emission_mtc"]
    else:
        wanted, names = expected(frames, with_uses(frames.state), list(USES)), MHA
    found = fetch(con, f"SELECT * FROM {view}", ["country_code", "year"])
    assert list(found.columns) == [*LABELS, "year", "date", *names]
    found["country_code"] = found["country_code"].fillna(-1)
    found = found.sort_values(["country_code", "year"], ignore_index=True)
    wanted = wanted.sort_values(["country_code", "year"], ignore_index=True)
    assert len(found) == len(wanted)
    for name in (*LABELS, "year"):
        assert found[name].fillna("").tolist() == wanted[name].fillna("").tolist(), name
    np.testing.assert_allclose(
        found[names].to_numpy(float), wanted[names].to_numpy(float), rtol=1e-12
    )
    assert set(wanted.country_code) == {-1, 4, 840, 901, 999}


@pytest.mark.parametrize(
    ("view", "columns", "scale"),
    [("eluc", {"emission_mtc": "emission_pgc"}, 1e-3), ("state", {n: n for n in MHA}, 1.0)],
)
def test_countries_sum_to_the_globe(
    con: duckdb.DuckDBPyConnection,
    frames: Frames,
    view: str,
    columns: dict[str, str],
    scale: float,
) -> None:
    countries = fetch(con, f"SELECT * FROM {view}_country", ["year"])
    globe = fetch(con, f"SELECT * FROM {view}_global", ["year"]).set_index("year")
    summed = countries.groupby("year")[list(columns)].sum() * scale
    assert list(summed.index) == list(globe.index)
    np.testing.assert_allclose(summed.to_numpy(), globe[list(columns.values())], rtol=1e-12)
    rows = frames.eluc if view == "eluc" else frames.state
    unassigned = countries[countries.country == "Unassigned"]
    assert list(unassigned.year) == sorted(set(rows.year))
    assert unassigned.country_code.isna().all()


def test_a_world_without_a_cell_to_spare_has_its_unassigned_row() -> None:
    frames = random_frames(seed=10)
    labels = COUNTRIES.iloc[np.zeros(len(frames.cell), dtype=int)].reset_index(drop=True)
    with duckdb.connect() as con:
        create(con, replace(frames, cell=pd.concat([frames.cell, labels], axis=1)), CONTEXT)
        found = fetch(con, "FROM eluc_country", ["year"])
    rest = found[found.country == "Unassigned"]
    assert list(rest.year) == sorted(set(frames.eluc.year))
    assert rest.emission_mtc.tolist() == [0.0] * len(rest)
    assert (found.country == "Afghanistan").sum() == len(rest)


def test_without_countries_everything_is_unassigned() -> None:
    frames = random_frames(seed=9)
    with duckdb.connect() as con:
        create(con, frames)
        for table, rows in (("eluc", frames.eluc), ("state", frames.state)):
            found = fetch(con, f"SELECT * FROM {table}_country", ["year"])
            assert list(found.year) == sorted(set(rows.year))
            assert set(found.country) == {"Unassigned"}
            assert found.country_code.isna().all()
            assert found.country_iso3.isna().all()


def test_a_filter_reads_stored_totals_only(con: duckdb.DuckDBPyConnection) -> None:
    for view in ("eluc_country", "state_country", "eluc_global", "state_global"):
        rows = con.execute(f"EXPLAIN SELECT * FROM {view} WHERE year = 1853").fetchall()
        plan = "".join(text for row in rows for text in row)
        assert f"{view.split('_')[0]}_total" in plan
        assert plan.count("SEQ_SCAN") + plan.count("TABLE_SCAN") <= 2, "the totals, the regions"
