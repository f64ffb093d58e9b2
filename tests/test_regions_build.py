"""Builds with regions: tables, totals by region, and files of regions that change."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyogrio.raw
import pytest
import shapely
import xarray as xr

import loader
from loader import build
from loader.errors import OutputError, SourceMissingError, UsageError
from loader.exporting.selection import Selection
from loader.page.contents import report_contents
from loader.page.page import render_report
from loader.page.story import tell_story
from loader.plotting.gridded import map_data
from loader.plotting.series import PlaceSeries, SeriesData, series_data
from loader.plotting.session import opened
from loader.sampling import write_sample


def polygons(path: Path, **squares: tuple[float, float, float, float]) -> Path:
    """Write rectangles, given by west, south, east and north."""
    features = []
    for name, (west, south, east, north) in squares.items():
        line = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        geometry = {"type": "Polygon", "coordinates": [line]}
        properties = {"label": name, "id": name[0]}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


SQUARES = {"amazon": (-70.3, -12.7, -50.1, 2.2), "congo": (12.0, -6.1, 29.9, 5.0)}


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("regions")
    write_sample(folder / "raw", years=(2010, 2012), resolution=2)
    polygons(folder / "Two Squares.geojson", **SQUARES)
    return folder


@pytest.fixture(scope="module")
def out(sources: Path) -> Path:
    build(
        raw=sources / "raw",
        regions=f"{sources / 'Two Squares.geojson'}:label",
        out=sources / "out",
        workers=2,
    )
    return sources / "out"


def fetch(out: Path, sql: str) -> pd.DataFrame:
    with duckdb.connect(str(out / "luc.duckdb"), read_only=True) as con:
        rows = con.execute(sql)
        names = [column[0] for column in rows.description or ()]
        return pd.DataFrame(rows.fetchall(), columns=names)


def test_layers_are_today_s_countries_luh2_s_and_the_file_s(out: Path) -> None:
    layers = fetch(out, "SELECT layer, count(*) AS n FROM region GROUP BY layer ORDER BY layer")
    assert layers.layer.tolist() == ["country", "luh2_country", "two_squares"]
    found = fetch(out, "SELECT code, name FROM region WHERE layer = 'two_squares' ORDER BY name")
    assert found.to_numpy().tolist() == [["a", "amazon"], ["c", "congo"]]


def test_shares_are_parts_of_cells(out: Path) -> None:
    rows = fetch(out, "SELECT min(share) AS a, max(share) AS b, max(weight) AS w FROM cell_region")
    assert 0 < rows.a[0] < 1e-3
    assert (rows.b[0], rows.w[0]) == (1, 1)
    area = fetch(out, "SELECT name, area_ha FROM region WHERE layer = 'two_squares'")
    for name, (west, south, east, north) in SQUARES.items():
        band = np.sin(np.deg2rad(north)) - np.sin(np.deg2rad(south))
        expected = 6371.0**2 * np.deg2rad(east - west) * band * 100
        assert area.set_index("name").area_ha[name] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("table", ["eluc", "state"])
def test_totals_are_weighted_sums_of_cells(out: Path, table: str) -> None:
    name, column = ("eluc", "emission_mtc") if table == "eluc" else ("pastr", "pastr_mha")
    expected = fetch(
        out,
        f"""
        SELECT r.layer, r.name, t.year, sum(t.{name} * c.area_ha * m.weight) / 1e6 AS total
        FROM {table} AS t JOIN cell AS c USING (cell_id) JOIN cell_region AS m USING (cell_id)
        JOIN region AS r USING (region_id) GROUP BY ALL ORDER BY ALL
        """,
    )
    found = fetch(
        out,
        f"SELECT layer, name, year, {column} AS total FROM {table}_region "
        "WHERE region_id IS NOT NULL ORDER BY ALL",
    )
    assert len(expected) > 400
    assert found[["layer", "name", "year"]].equals(expected[["layer", "name", "year"]])
    np.testing.assert_allclose(found.total, expected.total, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("view", "column", "scale"),
    [("eluc", "emission_mtc", 1e3), ("state", "forest_mha", 1), ("state", "crop_mha", 1)],
)
def test_each_layer_sums_to_the_globe(out: Path, view: str, column: str, scale: float) -> None:
    whole = "emission_pgc" if view == "eluc" else column
    globe = fetch(out, f"SELECT year, {whole} AS total FROM {view}_global").set_index("year").total
    layers = fetch(out, f"SELECT layer, year, sum({column}) AS t FROM {view}_region GROUP BY ALL")
    assert layers.layer.nunique() == 3
    for row in layers.itertuples():
        assert row.t == pytest.approx(globe.to_dict()[row.year] * scale, rel=1e-12)
    outside = fetch(out, f"SELECT * FROM {view}_region WHERE name = 'Outside' AND year = 2010")
    assert sorted(outside.layer) == sorted(set(layers.layer))


def test_pre_1991_countries_are_those_of_the_cells(out: Path) -> None:
    expected = fetch(
        out,
        "SELECT c.country_code AS code, sum(e.eluc * c.area_ha) / 1e6 AS total FROM eluc AS e "
        "JOIN cell AS c USING (cell_id) WHERE e.year = 2010 AND code IS NOT NULL "
        "GROUP BY code ORDER BY code",
    )
    found = fetch(
        out,
        "SELECT r.country_code AS code, e.emission_mtc AS total FROM eluc_region AS e "
        "JOIN region AS r USING (region_id) WHERE e.layer = 'luh2_country' AND e.year = 2010 "
        "ORDER BY code",
    )
    assert found.code.tolist() == expected.code.tolist()
    np.testing.assert_allclose(found.total, expected.total, rtol=1e-12)


def test_countries_have_today_s_borders(out: Path) -> None:
    found = fetch(out, "SELECT DISTINCT country_iso3 AS code FROM eluc_country")
    assert {"RUS", "UKR", "KAZ", "SSD"} <= set(found.code)
    assert found.code.isna().sum() == 1
    assert "SUN" not in set(found.code)


def test_the_number_of_lanes_changes_nothing(sources: Path, out: Path) -> None:
    regions = f"{sources / 'Two Squares.geojson'}:label"
    build(raw=sources / "raw", regions=[regions], out=sources / "one", workers=1)
    totals = "FROM eluc_region ORDER BY ALL"
    pd.testing.assert_frame_equal(fetch(out, totals), fetch(sources / "one", totals))


def test_a_file_that_changed_is_another_build(sources: Path, tmp_path: Path) -> None:
    path = polygons(tmp_path / "a.geojson", **SQUARES)
    options = {"raw": sources / "raw", "regions": f"{path}:label", "out": tmp_path / "out"}
    assert build(**options).outcome == "built"  # type: ignore[arg-type]
    assert build(**options).outcome == "up to date"  # type: ignore[arg-type]
    polygons(path, amazon=(-60, -10, -50, 0))
    with pytest.raises(OutputError, match=r"another regions/a file"):
        build(**options)  # type: ignore[arg-type]
    with pytest.raises(OutputError, match=r"regions"):
        build(raw=sources / "raw", out=tmp_path / "out")


def geopackage(path: Path, *layers: str) -> Path:
    """Write a file in which each layer is the same square under its own name."""
    square = shapely.to_wkb(np.array([shapely.box(0, 0, 20, 10)]))
    for layer in layers:
        pyogrio.raw.write(
            str(path),
            square,
            [np.array([f"in {layer}"], object)],
            ["name"],
            layer=layer,
            geometry_type="Polygon",
            crs="EPSG:4326",
            append=path.exists(),
        )
    return path


def test_a_file_of_several_layers_is_one_source(sources: Path, tmp_path: Path) -> None:
    path = geopackage(tmp_path / "levels.gpkg", "a", "b")
    options = {"raw": sources / "raw", "regions": path, "out": tmp_path / "out", "years": 2010}
    assert build(**options).outcome == "built"  # type: ignore[arg-type]  # of several types
    assert build(**options).outcome == "up to date"  # type: ignore[arg-type]
    rows = fetch(tmp_path / "out", "SELECT name, title FROM source WHERE name LIKE 'regions%'")
    title = "2 regions of the layers levels_a, levels_b"
    assert rows.to_numpy().tolist() == [["regions/levels", title]]
    sums = fetch(
        tmp_path / "out",
        "SELECT layer, name, emission_mtc FROM eluc_region WHERE name LIKE 'in %' ORDER BY layer",
    )
    assert sums[["layer", "name"]].to_numpy().tolist() == [
        ["levels_a", "in a"],
        ["levels_b", "in b"],
    ]
    assert sums.emission_mtc[0] == sums.emission_mtc[1] != 0
    assert loader.check(tmp_path / "out").holds
    same = {
        "regions": geopackage(tmp_path / "luh2.gpkg", "country", "x"),
        "out": tmp_path / "other",
    }
    with pytest.raises(UsageError, match="two layers named luh2_country"):
        build(**options | same)  # type: ignore[arg-type]


def test_names_of_layers_and_missing_files_are_checked_first(sources: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "y").mkdir()
    twins = [polygons(tmp_path / "a.json", **SQUARES), polygons(tmp_path / "y" / "a.json")]
    with pytest.raises(UsageError, match="two files have a layer named a"):
        build(raw=sources / "raw", regions=twins, out=out)
    with pytest.raises(SourceMissingError, match="does not exist"):
        build(raw=sources / "raw", regions="none.gpkg", out=out, dry_run=True)
    assert not out.exists()


def test_an_export_has_the_cells_of_its_regions(out: Path, tmp_path: Path) -> None:
    region = "two_squares/amazon"
    loader.export(out, out=tmp_path / "cells.csv", what="eluc", region=region)
    expected = fetch(
        out,
        "SELECT e.* FROM eluc AS e JOIN cell_region USING (cell_id) JOIN region USING (region_id) "
        "WHERE name = 'amazon' ORDER BY year, cell_id",
    )
    found = pd.read_csv(tmp_path / "cells.csv")
    assert len(expected) > 100
    pd.testing.assert_frame_equal(
        found[["cell_id", "year"]], expected[["cell_id", "year"]], check_dtype=False
    )
    both = loader.export(
        out, out=tmp_path / "r.csv", what="eluc_region", region=region, country="Brazil", years=2010
    )
    assert both.rows == 2
    shares = loader.export(out, out=tmp_path / "s.csv", what="cell_region", region=region)
    assert shares.rows == len(expected[expected.year == 2010])
    with pytest.raises(UsageError, match="the layer two_squares, and eluc_country has countries"):
        loader.export(out, out=tmp_path / "c.csv", what="eluc_country", region=region)
    with pytest.raises(UsageError, match="--region chooses cells or regions, and year has neither"):
        loader.export(out, out=tmp_path / "y.csv", what="year", region=region)


def test_a_grid_of_a_region_is_missing_elsewhere(out: Path, tmp_path: Path) -> None:
    loader.export(out, out=tmp_path / "a.nc", what="luc", region="two_squares/congo", years=2010)
    cells = fetch(
        out,
        "SELECT lat, lon FROM luc JOIN cell_region USING (cell_id) JOIN region USING (region_id) "
        "WHERE name = 'congo' AND year = 2010",
    )
    with xr.open_dataset(tmp_path / "a.nc") as grid:
        kept = grid.eluc.isel(time=0).to_series().dropna().index
    assert sorted(kept) == sorted(zip(cells.lat, cells.lon, strict=True))


def test_pictures_show_a_region_and_a_box(out: Path) -> None:
    region = Selection(regions=("two_squares/amazon",))
    box = Selection.parse(bbox="-70,-12,-50,2")
    with opened(out) as session:
        of_region, of_box = (series_data(session, selection=one) for one in (region, box))
        lines = series_data(session, ["eluc", "forest"], selection=box)
        drawn = map_data(session, "eluc", 2010, selection=region)
    assert isinstance(of_region, PlaceSeries)
    assert isinstance(of_box, PlaceSeries)
    assert isinstance(lines, SeriesData)
    total = fetch(
        out, "SELECT emission_mtc AS t FROM eluc_region WHERE name = 'amazon' ORDER BY year"
    )
    assert of_region.place == "amazon"
    assert of_region.emissions[:-1].tolist() == total.t.tolist()
    expected = fetch(
        out,
        "SELECT year, sum(emission_tc) / 1e6 AS t, sum(forest::DOUBLE * area_ha) / 1e6 AS f "
        "FROM eluc_state WHERE lat BETWEEN -12 AND 2 AND lon BETWEEN -70 AND -50 "
        "GROUP BY year ORDER BY year",
    )
    assert of_box.place == "Region 12° S to 2° N, 70° W to 50° W"
    np.testing.assert_allclose(of_box.emissions, expected.t, rtol=1e-12)
    np.testing.assert_allclose(of_box.uses["primf"] + of_box.uses["secdf"], expected.f, rtol=1e-7)
    np.testing.assert_allclose(lines.panels[0].lines[0].values, expected.t, rtol=1e-12)
    assert drawn.title.startswith("amazon: ")
    assert drawn.outside is not None
    assert (~drawn.outside).sum() == np.isfinite(drawn.values).sum()


def test_a_report_is_about_one_region(out: Path) -> None:
    contents = report_contents(out, selection=Selection(regions=("country/Brazil",)), checks=False)
    (total,) = fetch(
        out, "SELECT emission_mtc AS t FROM eluc_country WHERE country = 'Brazil' AND year = 2012"
    ).t
    assert (contents.place, contents.is_global, contents.countries) == ("Brazil", False, ())
    fact = tell_story(contents).facts[0]
    assert (fact.value, fact.unit) == (f"{total:+,.0f}", "Mt C yr⁻¹")
    assert all(one.title.startswith("Brazil: ") for one in contents.maps)
    page = render_report(contents)
    assert "<h1>Brazil: land-use change and its emissions</h1>" in page
    assert "Countries</h2>" not in page
    assert '"unit":"Mt"' in page
    two = Selection(regions=("country/Brazil",), countries=("Peru",))
    with pytest.raises(UsageError, match="about one country, region or box, not about Peru, Braz"):
        report_contents(out, selection=two, checks=False)


def test_built_in_queries_take_a_region_by_any_name(out: Path) -> None:
    rows = fetch(
        out, "SELECT year, emission_mtc / 1e3 AS t FROM eluc_country WHERE country_iso3 = 'GBR'"
    )
    for name in ("country/United Kingdom", "country/uk", "country/826"):
        found = loader.query("global_emissions_by_year", out, {"region": name}).df()
        np.testing.assert_allclose(found.emission_pgc, rows.sort_values("year").t, atol=5.1e-7)
    world = loader.query("global_emissions_by_year", out).df()
    assert (world.emission_pgc > found.emission_pgc.max()).all()
    with pytest.raises(UsageError, match=r"the parameter region 'uk' is not LAYER/NAME"):
        loader.query("forest_loss", out, {"region": "uk"})


@pytest.mark.parametrize(
    ("name", "column", "expected"),
    [
        (
            "emissions_by_decade",
            "total_pgc",
            "SELECT sum(emission_mtc) / 1e3 AS t FROM eluc_region WHERE name = 'amazon'",
        ),
        (
            "emission_anomalies",
            "emission_pgc",
            "SELECT emission_mtc / 1e3 AS t FROM eluc_region WHERE name = 'amazon' AND year = 2010",
        ),
        (
            "land_use_by_decade",
            "forest_mha",
            "SELECT forest_mha AS t FROM state_region WHERE name = 'amazon' AND year = 2010",
        ),
        (
            "primary_land_left",
            "primary_forest_mha",
            "SELECT primf_mha AS t FROM state_region WHERE name = 'amazon' AND year = 2010",
        ),
    ],
)
def test_series_of_the_globe_are_those_of_a_region(
    out: Path, name: str, column: str, expected: str
) -> None:
    found = loader.query(name, out, {"region": "two_squares/amazon"}).df()
    assert found[column].iloc[0] == pytest.approx(fetch(out, expected).t[0], abs=5.1e-4, rel=1e-5)


def test_forest_loss_weighs_the_cells_of_a_region(out: Path) -> None:
    (expected,) = fetch(
        out,
        "SELECT -sum(least(forest_diff, 0) * luc.area_ha * weight) / 1e6 AS t FROM luc "
        "JOIN cell_region USING (cell_id) JOIN region USING (region_id) WHERE name = 'congo'",
    ).t
    found = loader.query("forest_loss", out, {"region": "two_squares/congo"}).df()
    assert found.forest_lost_mha.sum() == pytest.approx(expected, abs=5.1e-4)
    cells = loader.query("hotspots", out, {"region": "two_squares/congo"}).df()
    assert cells.lat.between(-8, 7).all()
    assert cells.lon.between(11, 31).all()
    assert len(loader.query("crop_expansion", out, {"region": "two_squares/congo"})) == 25


@pytest.mark.parametrize("name", ["hotspots", "crop_expansion"])
def test_cells_of_a_query_have_their_country_in_borders_of_today(out: Path, name: str) -> None:
    found = loader.query(name, out).df()
    largest = fetch(
        out,
        "SELECT lat, lon, name FROM cell_region JOIN region USING (region_id) "
        "JOIN cell USING (cell_id) "
        "WHERE layer = 'country' QUALIFY share = max(share) OVER (PARTITION BY cell_id)",
    )
    both = found.merge(largest, on=["lat", "lon"])
    assert len(both) == len(found) == 25
    assert (both.country == both["name"]).all()


def test_the_country_of_a_cell_is_a_coordinate_that_masks(out: Path) -> None:
    largest = fetch(
        out,
        "SELECT lat, lon, code FROM cell JOIN cell_region AS m USING (cell_id) "
        "JOIN region USING (region_id) WHERE layer = 'country' AND code IS NOT NULL "
        "QUALIFY row_number() OVER (PARTITION BY cell_id ORDER BY share DESC, region_id) = 1",
    )
    expected = {(lat, lon): code for lat, lon, code in largest.to_numpy().tolist()}
    with loader.open_dataset(out) as grids:
        found = grids.country.to_series()
        assert {place: code for place, code in found.items() if code} == expected
        brazil = grids.ELUC.sel(time=2010).where(grids.country == "BRA")
        kept = brazil.to_series().dropna().index
        assert set(kept) <= {at for at, code in expected.items() if code == "BRA"}
        assert len(kept) > 100
        # One cell, and a part of the grid, as users select them.
        at = {"lat": -11, "lon": -55}
        assert grids.country.sel(at).compute().item() == "BRA"
        assert grids.country.sel(lat=slice(0, -10), lon=slice(-60, -50)).shape == (5, 5)
    with loader.open_dataset(out, "eluc") as copy:
        assert "country" not in copy.coords
