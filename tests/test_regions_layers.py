"""Layers of regions: today's countries, files of polygons, and how much of a cell counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio.raw
import pyproj
import pytest
import shapely

import loader.regions.files
import loader.regions.natural_earth
from loader.errors import SourceError, SourceMissingError, UsageError
from loader.grid import Grid
from loader.regions.coverage import Coverage, Ring, cover_cells
from loader.regions.files import RegionFile, file_layers
from loader.regions.layers import Layer, Region, weigh_layer
from loader.regions.natural_earth import country_layer, country_polygons

GRID = Grid.global_grid(2.0)

PUBLISHED_KM2 = {
    "ARG": 2_780_400,
    "AUS": 7_692_024,
    "BOL": 1_098_581,
    "BRA": 8_515_767,
    "BWA": 582_000,
    "CAF": 622_984,
    "COD": 2_344_858,
    "COL": 1_141_748,
    "EGY": 1_002_450,
    "KAZ": 2_724_900,
    "MEX": 1_964_375,
    "MNG": 1_564_116,
    "MRT": 1_030_700,
    "NAM": 825_615,
    "PER": 1_285_216,
    "SDN": 1_861_484,
    "TUR": 783_562,
    "USA": 9_525_067,
    "VEN": 912_050,
    "ZAF": 1_221_037,
}
"""Surface areas of the United Nations Demographic Yearbook, table 3."""


@pytest.fixture(scope="module")
def today() -> Layer:
    return country_layer(GRID)


def file_layer(file: RegionFile, grid: Grid) -> Layer:
    (layer,) = file_layers(file, grid)
    return layer


def area_km2(region: Region) -> float:
    cell_area = np.repeat(GRID.cell_area_ha(), GRID.n_lon) / 100
    return float(cell_area[region.coverage.cell_id] @ region.coverage.share)


def test_large_countries_have_their_published_areas(today: Layer) -> None:
    by_code = {region.code: region for region in today.regions}
    for code, published in PUBLISHED_KM2.items():
        assert area_km2(by_code[code]) == pytest.approx(published, rel=0.01), code


def test_countries_do_not_overlap_and_have_one_code_each(today: Layer) -> None:
    assert today.covered(GRID.n_cells).max() <= 1 + 1e-6
    codes = [region.code for region in today.regions if region.code is not None]
    assert len(codes) == len(set(codes)) == 236
    nameless = [region.name for region in today.regions if region.code is None]
    assert nameless == [
        "Indian Ocean Territories",
        "Northern Cyprus",
        "Siachen Glacier",
        "Somaliland",
    ]


def test_borders_are_those_of_today(today: Layer) -> None:
    codes = {region.code for region in today.regions}
    assert codes >= {"RUS", "UKR", "KAZ", "SSD", "ERI", "CZE", "SVK", "HRV"}
    assert not codes & {"SUN", "YUG", "CSK", "ANT"}


def test_weights_of_a_layer_that_has_all_land_sum_to_one(today: Layer) -> None:
    land = np.minimum(today.covered(GRID.n_cells), 1)
    weights = weigh_layer(today, land)
    total = np.zeros(GRID.n_cells)
    for region, weight in zip(today.regions, weights, strict=True):
        total[region.coverage.cell_id] += weight
    assert not today.overlaps(GRID.n_cells)
    np.testing.assert_allclose(total[total > 0], 1, atol=1e-12)
    assert np.array_equal(total > 0, land > 0)


def region(name: str, cells: list[int], share: list[float]) -> Region:
    return Region(name, None, None, Coverage(np.array(cells, np.int32), np.array(share)))


def test_a_coast_gives_the_region_with_the_land_all_of_the_cell() -> None:
    layer = Layer("two", (region("a", [0, 1], [0.3, 0.5]), region("b", [0], [0.1])), "here")
    # Cell 0 is 0.4 land, all of it in the layer; cell 1 is all land, half of it in the layer.
    first, second = weigh_layer(layer, np.array([0.4, 1.0]))
    assert not layer.overlaps(2)
    np.testing.assert_allclose(first, [0.75, 0.5])
    np.testing.assert_allclose(second, [0.25])


def test_regions_that_overlap_are_weighed_alone() -> None:
    layer = Layer("two", (region("a", [0, 1], [1, 0.4]), region("b", [0, 1], [1, 0.4])), "here")
    assert layer.overlaps(2)
    for weight in weigh_layer(layer, np.array([1.0, 0.4])):
        np.testing.assert_allclose(weight, [1, 1])


# --- files ---------------------------------------------------------------------------------------

SQUARES = {"west": shapely.box(0, 40, 4, 44), "east": shapely.box(4, 40, 10, 44)}


def write(path: Path, crs: str | None = "EPSG:4326", **columns: list[object]) -> str:
    names = columns or {"name": list(SQUARES)}
    shapes = np.array(list(SQUARES.values()))
    if crs == "EPSG:3857":
        to = pyproj.Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
        shapes = shapely.transform(shapes, to.transform, interleaved=False)
    pyogrio.raw.write(
        path,
        shapely.to_wkb(shapes),
        [np.array(values, dtype=object) for values in names.values()],
        list(names),
        geometry_type="Polygon",
        crs=crs,
    )
    return str(path)


def shares(layer: Layer) -> dict[str, float]:
    return {one.name: float(one.coverage.share.sum()) for one in layer.regions}


def collection(*geometries: Mapping[str, object]) -> str:
    features = [{"type": "Feature", "properties": {"name": "x"}, "geometry": g} for g in geometries]
    return json.dumps({"type": "FeatureCollection", "features": features})


@pytest.mark.parametrize("name", ["squares.geojson", "squares.gpkg", "squares.shp", "squares.fgb"])
def test_formats_of_vectors_give_the_same_layer(tmp_path: Path, name: str) -> None:
    layer = file_layer(RegionFile(write(tmp_path / name), None), GRID)
    assert layer.name == "squares"
    assert shares(layer) == pytest.approx({"east": 6, "west": 4})


def test_damaged_geoparquet_is_an_error(tmp_path: Path) -> None:
    """Its footer is intact, so that only the features show the damage."""
    shapes = shapely.to_wkb(shapely.points(np.arange(4000.0) / 40, 1.0)).tolist()
    rows = pa.table({"name": [f"region {n}" for n in range(4000)], "geometry": shapes})
    geo = {"primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
    path = tmp_path / "a.parquet"
    pq.write_table(rows.replace_schema_metadata({"geo": json.dumps(geo)}), path, row_group_size=500)
    data = bytearray(path.read_bytes())
    middle = slice(len(data) // 2, len(data) // 2 + 5000)
    data[middle] = bytes(255 - byte for byte in data[middle])
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"a\.parquet: features after number \d+ cannot be read"):
        file_layers(RegionFile(str(path), None), GRID)


def test_geoparquet_gives_the_same_layer(tmp_path: Path) -> None:
    geo = {"version": "1.1.0", "primary_column": "g", "columns": {"g": {"encoding": "WKB"}}}
    rows = pa.table({"name": list(SQUARES), "g": shapely.to_wkb(np.array(list(SQUARES.values())))})
    path = tmp_path / "squares.parquet"
    pq.write_table(rows.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    assert shares(file_layer(RegionFile(str(path), None), GRID)) == pytest.approx(
        {"east": 6, "west": 4}
    )


def test_a_projected_file_is_brought_to_degrees(tmp_path: Path) -> None:
    layer = file_layer(RegionFile(write(tmp_path / "mercator.gpkg", "EPSG:3857"), None), GRID)
    assert shares(layer) == pytest.approx({"east": 6, "west": 4}, abs=1e-6)


def test_features_of_one_name_are_one_region(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", group=["one", "one"], id=["x", "y"])
    layer = file_layer(RegionFile(path, "group"), GRID)
    assert shares(layer) == pytest.approx({"one": 10})


def test_a_field_is_chosen_or_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", first=["p", "q"], second=["r", "s"])
    with pytest.raises(SourceError, match=r"no field names the regions.*first, second"):
        file_layer(RegionFile(path, None), GRID)
    with pytest.raises(SourceError, match="has no field 'third'; its fields are first, second"):
        file_layer(RegionFile(path, "third"), GRID)
    assert set(shares(file_layer(RegionFile(path, "second"), GRID))) == {"r", "s"}


def test_a_file_and_its_field_are_told_apart(tmp_path: Path) -> None:
    odd = tmp_path / "a:b.geojson"
    odd.touch()
    assert RegionFile.parse(str(odd)) == RegionFile(str(odd), None)
    assert RegionFile.parse(f"{odd}:name") == RegionFile(str(odd), "name")
    assert RegionFile("My Map-2.v1.gpkg", "x").layer == "my_map_2"


def test_an_invalid_polygon_is_repaired_with_a_notice(tmp_path: Path) -> None:
    bow = {"type": "Polygon", "coordinates": [[[0, 40], [4, 44], [4, 40], [0, 44], [0, 40]]]}
    path = tmp_path / "bow.geojson"
    path.write_text(collection(bow))
    layer = file_layer(RegionFile(str(path), None), GRID)
    assert shares(layer)["x"] == pytest.approx(2, rel=0.01)
    assert layer.notices == (f"{path}: 1 of 1 polygons were invalid and were repaired",)


@pytest.mark.parametrize(("west", "is_noticed"), [(-170, True), (-180, False), (-90, False)])
def test_a_rectangle_that_may_cross_the_date_line_gives_a_notice(
    tmp_path: Path, west: int, is_noticed: bool
) -> None:
    corners = [[-west, -20], [west, -20], [west, -10], [-west, -10], [-west, -20]]
    path = tmp_path / "fiji.geojson"
    path.write_text(collection({"type": "Polygon", "coordinates": [corners]}))
    layer = file_layer(RegionFile(str(path), None), GRID)
    assert ["cross" in notice for notice in layer.notices] == [True] * is_noticed


def test_heights_do_not_change_shares(tmp_path: Path) -> None:
    bow = [[0, 40, 1], [4, 44, 2], [4, 40, 3], [0, 44, 4], [0, 40, 1]]
    square = [[10, 40, 1], [14, 40, 2], [14, 44, 3], [10, 44, 4], [10, 40, 1]]
    found = []
    for dimensions in (2, 3):
        path = tmp_path / f"{dimensions}.geojson"
        rings = [[point[:dimensions] for point in ring] for ring in (bow, square)]
        shape = {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}
        path.write_text(collection(shape))
        found.append(shares(file_layer(RegionFile(str(path), None), GRID)))
    assert found[0] == found[1]


def write_layers(path: Path, layers: dict[str, tuple[shapely.Geometry, str]]) -> str:
    """Write a GeoPackage: by layer a geometry, and its fields in one text."""
    for name, (geometry, text) in layers.items():
        fields = text.split()
        pyogrio.raw.write(
            str(path),
            shapely.to_wkb(np.array([geometry])),
            [np.array([f"in {name}"], object)] * len(fields),
            fields,
            layer=name,
            geometry_type=geometry.geom_type,
            crs="EPSG:4326",
            append=path.exists(),
        )
    return str(path)


def test_a_file_of_several_layers_has_each_of_them(tmp_path: Path) -> None:
    square, place = shapely.box(0, 0, 4, 4), shapely.Point(1, 1)
    layers = {"Level 1": (square, "name"), "cities": (place, "name"), "level2": (square, "name")}
    path = write_layers(tmp_path / "world.gpkg", layers)
    first, second = file_layers(RegionFile(path, None), GRID)
    assert (first.name, second.name) == ("world_level_1", "world_level2")
    assert (first.file, second.file) == ("world", "world")
    assert set(shares(first)) == {"in Level 1"}
    assert shares(first)["in Level 1"] == shares(second)["in level2"]
    assert any("left out: cities" in notice for notice in first.notices)


def test_a_field_chooses_among_layers(tmp_path: Path) -> None:
    square = shapely.box(0, 0, 4, 4)
    path = write_layers(tmp_path / "a.gpkg", {"one": (square, "name"), "two": (square, "other")})
    (layer,) = file_layers(RegionFile(path, "other"), GRID)
    assert layer.name == "a_two"
    with pytest.raises(SourceError, match=r"none of its layers \(one, two\) has .* field 'third'"):
        file_layers(RegionFile(path, "third"), GRID)


def test_layers_without_a_field_of_names_are_left_out(tmp_path: Path) -> None:
    square = shapely.box(0, 0, 4, 4)
    path = write_layers(tmp_path / "a.gpkg", {"one": (square, "x y"), "two": (square, "name y")})
    (layer,) = file_layers(RegionFile(path, None), GRID)
    assert layer.name == "a_two"
    assert any("left out: one" in notice for notice in layer.notices)
    path = write_layers(tmp_path / "b.gpkg", {"one": (square, "x y"), "two": (square, "x y")})
    with pytest.raises(SourceError, match=r"\(one, two\) has .* names them .*--regions .*:FIELD"):
        file_layers(RegionFile(path, None), GRID)


def test_a_feature_of_too_many_vertices_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "coast.geojson"
    path.write_text(
        collection({"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 4], [0, 0]]]})
    )
    monkeypatch.setattr(loader.regions.files, "_MOST_VERTICES", 3)
    with pytest.raises(SourceError, match=r"x: has 4 vertices; expected at most 3 .* simplify it"):
        file_layer(RegionFile(str(path), None), GRID)


FAR = [[[0, 0], [500_000, 0], [500_000, 500_000], [0, 0]]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read as polygons"),
        ("not a map", "cannot be read as polygons"),
        (collection(), "no field names the regions|no polygons"),
        (collection({"type": "Point", "coordinates": [1, 2]}), "has no polygons"),
        (
            collection({"type": "Polygon", "coordinates": FAR}),
            "x: coordinate .* is not a longitude",
        ),
    ],
    ids=["empty", "text", "no-features", "points", "metres"],
)
def test_a_file_without_polygons_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.geojson"
    path.write_text(text)
    with pytest.raises(SourceError, match=message):
        file_layer(RegionFile(str(path), None), GRID)


VRT = (
    '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/vsicurl/http://127.0.0.1:9/a.geojson'
    "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
)


@pytest.mark.parametrize(
    "text",
    [
        VRT,
        f"\n \t{VRT}",
        f"\ufeff{VRT}",
        f'{{"type": "FeatureCollection", "features": [], "x": "{VRT}"}}',
        "<OGRWFSDataSource><URL>http://127.0.0.1:9/wfs?</URL></OGRWFSDataSource>",
        '<?xml version="1.0"?><WFS_Capabilities></WFS_Capabilities>',
        "<html></html>",
    ],
    ids=["VRT", "blanks", "mark", "in JSON", "WFS", "capabilities", "other XML"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_file_that_leads_gdal_elsewhere_is_not_opened(
    text: str, encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(text, encoding)
    monkeypatch.setattr("pyogrio.list_layers", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(SourceError, match="holds no polygons but refers to others"):
        file_layer(RegionFile.parse(path), GRID)


def test_xml_of_polygons_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    ring = "<LinearRing><coordinates>0,0 4,0 4,4 0,4 0,0</coordinates></LinearRing>"
    polygon = f"<Polygon><outerBoundaryIs>{ring}</outerBoundaryIs></Polygon>"
    path.write_text(
        '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark>'
        f"<name>one</name>{polygon}</Placemark></Document></kml>"
    )
    layer = file_layer(RegionFile.parse(f"{path}:Name"), GRID)
    assert [one.name for one in layer.regions] == ["one"]


def test_a_missing_file_and_a_taken_name_are_errors(tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match="does not exist"):
        RegionFile.parse(str(tmp_path / "none.gpkg"))
    with pytest.raises(SourceMissingError, match="is not a file"):
        RegionFile.parse(str(tmp_path))
    path = write(tmp_path / "country.gpkg")
    with pytest.raises(UsageError, match="country is a built-in layer"):
        RegionFile.parse(path)


def test_countries_come_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grid, calls = Grid.global_grid(10.0), 0

    def count(rings: list[Ring], grid: Grid) -> Coverage:
        nonlocal calls
        calls += 1
        return cover_cells(rings, grid)

    monkeypatch.setattr(loader.regions.natural_earth, "cover_cells", count)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    computed, cached = (country_layer.__wrapped__(grid) for _ in range(2))
    assert calls == len(computed.regions) == len(cached.regions) > 200
    for ours, theirs in zip(cached.regions, computed.regions, strict=True):
        assert replace(ours, coverage=theirs.coverage) == theirs
        np.testing.assert_array_equal(ours.coverage.cell_id, theirs.coverage.cell_id)
        np.testing.assert_array_equal(ours.coverage.share, theirs.coverage.share)


def test_every_line_of_a_country_closes_exactly() -> None:
    for polygon in country_polygons():
        for line in polygon:
            np.testing.assert_array_equal(line[0], line[-1])
