"""docs/from-the-notebook.md: its questions answer what xarray answers on the same files."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from command import ROOT

from loader import build, write_sample

sys.path.insert(0, str(ROOT / "docs"))

from generate_help import NOTEBOOK, QUERY

QUESTIONS = {
    re.findall(r"^## (.+)$", NOTEBOOK.read_text(encoding="utf-8")[: found.start()], re.MULTILINE)[
        -1
    ]: found["sql"]
    for found in QUERY.finditer(NOTEBOOK.read_text(encoding="utf-8"))
}
FRACTIONS = (
    *("primf", "primn", "secdf", "secdn", "urban"),
    *("c3ann", "c4ann", "c3per", "c4per", "c3nfx", "pastr", "range"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("notebook")
    write_sample(made / "raw", years=(2005, 2021), resolution=2, only=["eluc", "states"])
    build(raw=made / "raw", out=made / "out")
    return made


@pytest.fixture(scope="module")
def merged(folder: Path) -> xr.Dataset:
    """The notebook's way: both files on one calendar, merged, secmb and secma dropped."""
    (eluc_file,) = (folder / "raw").glob("BLUE*.nc")
    with (
        xr.open_dataset(eluc_file, decode_times=False) as eluc,
        xr.open_dataset(folder / "raw" / "states.nc", decode_times=False) as states,
    ):
        dated = states.assign_coords(time=states.time.astype(int) + 850)
        land_use = dated.drop_vars(["secmb", "secma"])
        made = xr.merge([eluc, land_use], join="outer", compat="equals")
        return made.load()


def answer(folder: Path, section: str) -> pd.DataFrame:
    with duckdb.connect(str(folder / "out" / "luc.duckdb"), read_only=True) as con:
        done = con.execute(QUESTIONS[section])
        names = [column[0] for column in done.description]
        return pd.DataFrame(done.fetchall(), columns=names)


def covered(land_use: xr.Dataset) -> xr.DataArray:
    found: xr.DataArray = xr.apply_ufunc(np.isfinite, land_use.primf)
    return found


def cells(folder: Path) -> xr.Dataset:
    with duckdb.connect(str(folder / "out" / "luc.duckdb"), read_only=True) as con:
        done = con.execute("SELECT lat, lon, is_land, has_state FROM cell")
        rows = pd.DataFrame(done.fetchall(), columns=["lat", "lon", "is_land", "has_state"])
    return rows.set_index(["lat", "lon"]).to_xarray()


def test_the_axis_before_it_is_converted_answers_with_another_year(folder: Path) -> None:
    with xr.open_dataset(folder / "raw" / "states.nc", decode_times=False) as raw:
        assert raw.time.sel(time=2021, method="nearest") == 2022 - 850
        assert raw.sel(time=slice(1850, 2022)).sizes["time"] == 0
    with pytest.raises(ValueError, match="decode"):
        xr.open_dataset(folder / "raw" / "states.nc")
    found = answer(folder, "Which year is 2021")
    assert found.name.tolist() == ["eluc", "states"]
    assert found.first_year.tolist() == [2005, 2005]
    assert found.last_year.tolist() == [2021, 2022]


def test_the_merged_table_has_the_rows_that_have_values(folder: Path, merged: xr.Dataset) -> None:
    year = merged.sel(time=2021)
    with_state = int(covered(year).sum())
    found = answer(folder, "The merged table").iloc[0]
    assert found.with_land_use == with_state == found.with_both
    land = cells(folder).is_land.reindex_like(year)
    stored = land | covered(year) | (merged.ELUC.fillna(0) != 0).any("time")
    assert found.cells == found.with_eluc == int(stored.sum())


def test_london_is_the_nearest_cell(folder: Path, merged: xr.Dataset) -> None:
    london = merged.sel(lat=51.507, lon=-0.127, method="nearest").sel(time=slice(2019, 2022))
    found = answer(folder, "The look-up of London")
    assert set(found.lat) == {float(london.lat)}
    assert set(found.lon) == {float(london.lon)}
    for name, variable in {"eluc": "ELUC", **{n: n for n in ("urban", "pastr", "primf")}}.items():
        values = found[name].astype(float)
        np.testing.assert_allclose(values, london[variable], atol=5.1e-5, err_msg=name)


def test_means_differ_by_what_they_are_over(folder: Path, merged: xr.Dataset) -> None:
    year = merged.sel(time=2021).astype(np.float64)
    masks = cells(folder).reindex_like(year)
    land, area = masks.is_land.astype(bool), year.cell_area
    expected = [
        year.ELUC.mean(),
        year.ELUC.where(land).mean(),
        year.ELUC.where(covered(year)).mean(),
        year.ELUC.where(land).weighted(area).mean(),
        year.ELUC.weighted(area).mean(),
    ]
    found = answer(folder, "The mean")
    np.testing.assert_allclose(found.eluc, [float(mean) for mean in expected], atol=5.1e-6)
    assert found.eluc.nunique() == 5


def test_the_mask_is_counted_by_cells_and_latitudes(folder: Path) -> None:
    masks = cells(folder)
    rows = masks.is_land.any("lon")
    found = answer(folder, "The land mask").iloc[0]
    assert found.land_cells == int(masks.is_land.sum())
    assert found.latitudes == int(rows.sum())
    assert found.in_antarctica == int(masks.is_land.sel(lat=slice(-90, -60)).sum())
    assert found.not_in_luh2 == int((masks.is_land & ~masks.has_state).sum())


def test_differences_are_xarray_s_and_emissions_stand_beside_them(
    folder: Path, merged: xr.Dataset
) -> None:
    place = merged.sel(lat=-1.875, lon=113.125, method="nearest")
    diff = place[["primf", "secdf"]].diff("time").sel(time=slice(2013, 2015))
    found = answer(folder, "The difference between years").set_index("view")
    for view, first in {"state_diff": 2013, "luc": 2012}.items():
        rows = found.loc[[view]]
        assert rows.year.tolist() == [first, first + 1, first + 2]
        for name in ("primf", "secdf"):
            np.testing.assert_allclose(rows[f"{name}_diff"], diff[name], atol=5.1e-5)
    assert np.abs(diff.primf).max() > 1e-3
    emissions = place.ELUC.sel(time=slice(2012, 2014))
    np.testing.assert_allclose(found.loc[["luc"]].eluc.astype(float), emissions, atol=5.1e-4)


def test_every_difference_of_every_variable_is_xarray_s(folder: Path, merged: xr.Dataset) -> None:
    diff = merged[list(FRACTIONS)].diff("time").sel(time=2013)
    expected = diff.to_dataframe().dropna(subset=list(FRACTIONS)).reset_index()
    expected = expected.sort_values(["lat", "lon"], ignore_index=True)
    columns = ", ".join(f"{name}_diff" for name in FRACTIONS)
    with duckdb.connect(str(folder / "out" / "luc.duckdb"), read_only=True) as con:
        rows = con.execute(
            f"SELECT {columns} FROM state_diff INNER JOIN cell USING (cell_id) "
            "WHERE year = 2013 ORDER BY lat, lon"
        ).fetchall()
    found = np.array(rows, dtype=np.float32)
    np.testing.assert_array_equal(found, expected[list(FRACTIONS)].to_numpy())


def test_splits_share_out_the_same_rows(folder: Path, merged: xr.Dataset) -> None:
    land = cells(folder).is_land.reindex_like(merged)
    rows = (covered(merged) & land).sel(time=slice(2005, 2021))
    found = answer(folder, "What the notebook left to do").set_index("split")
    assert set(found.sum(axis=1)) == {int(rows.sum())}
    assert found.test["the last 15 years"] == int(rows.sel(time=slice(2007, 2021)).sum())
    south = rows.where((rows.lat >= -60) & (rows.lat <= 15) & (rows.lon >= -90), False)
    assert found.test["South America"] == int(south.where(rows.lon <= -30, False).sum())
    assert found.test["a fifth at random"] == pytest.approx(0.2 * int(rows.sum()), rel=0.05)
