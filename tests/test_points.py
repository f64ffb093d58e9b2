"""Places from a CSV file: which headers and coordinates are read, and which lines are errors."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from sql_database import create, random_frames

from loader.catalog.sqlfiles import read_files
from loader.errors import SourceError, SourceMissingError, UsageError
from loader.querying.points import Point, read_points
from loader.querying.questions import find_question

LONDON = Point("London", 51.507, -0.127)


@pytest.mark.parametrize(
    "text",
    [
        "name,latitude,longitude\nLondon,51.507,-0.127\n",
        "lng,lat,city\n-0.127,51.507,London\n",
        "id;Place;Latitude (deg);Longitude (deg)\n7;London;51,507;-0,127\n",
        "\ufeffcity\tlat_dd\tlon_dd\r\nLondon\t51.507\t\N{MINUS SIGN}0.127\r\n",
        '# of 2020\n\n"Station","y", x\n\n"London"," 51.507 N","0.127\N{DEGREE SIGN}W"\n\n',
        "people|site|LAT|LONG\n9e6|London|51.507|-1.27e-1",
        "latitude_degrees_north,longitude_degrees_east,town\n5.1507E1,-.127,London\n",
    ],
    ids=["plain", "lng", "semicolons", "tabs", "comments", "bars", "units"],
)
def test_common_files_of_places_are_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cities.csv"
    path.write_bytes(text.encode())
    assert read_points(path) == [LONDON]


def test_places_without_a_name_are_named_by_their_coordinates(tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    path.write_text('lat,lon\n-1.5,359.5\n0,"0"\n')
    assert read_points(path) == [Point("-1.5 359.5", -1.5, 359.5), Point("0 0", 0, 0)]


HEAD = "name,lat,lon\nA,1,2\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; expected columns such as name,latitude,longitude"),
        ("name,lat,lon\n", "has a header but no places"),
        ("London,51.5,-0.1\nParis,48.9,2.4\n", "has no header"),
        ("name,lat\nA,1\n", "has no column of the longitude; .* Its columns: name, lat"),
        ("name,lat,latitude,lon\nA,1,1,2\n", r"several columns of a latitude \(lat and latitude\)"),
        (HEAD + "B,103.8,1.35\n", "line 3: latitude 103.8 is outside -90..90; .* look swapped"),
        (HEAD + "B,91,120\n", r"line 3: latitude 91 is outside -90\.\.90$"),
        (HEAD + "B,1,361\n", r"line 3: longitude 361 is outside -180\.\.360"),
        (HEAD + "\n\nB,13.4 E,52.5 N\n", "line 5: latitude is 13.4 E; .*swapped in this line"),
        (HEAD + "B,-1 S,2\n", "line 3: latitude '-1 S' has both a sign and a letter"),
        (HEAD + "B,,2\n", "line 3 has no latitude"),
        (HEAD + "B,1,NaN\n", "line 3 has no longitude"),
        (HEAD + "B,inf,2\n", "line 3: latitude 'inf' is not a number of degrees"),
        (HEAD + "B,51°30'26\"N,2\n", "line 3: latitude .* is not a number of degrees"),
        (HEAD + "B,1\n", "line 3 has 2 columns, and the header has 3"),
        (HEAD + "B,51,5,0,1\n", "line 3 has 5 columns, and the header has 3"),
        (HEAD + 'B,"1,2\n', "line 3 is not CSV"),
    ],
)
def test_an_error_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "cities.csv"
    path.write_text(text)
    with pytest.raises(SourceError, match=rf"cities\.csv: .*{message}|cities\.csv: {message}"):
        read_points(path)


def test_a_file_that_is_missing_or_not_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match="no such CSV file of places"):
        read_points(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes("name,lat,lon\nM\xfcnchen,48,11\n".encode("latin-1"))
    with pytest.raises(SourceError, match="line 2 is not UTF-8 text"):
        read_points(tmp_path / "latin.csv")
    with pytest.raises(SourceError, match="cannot be read"):
        read_points(tmp_path)


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.TextIOWrapper(io.BytesIO(b"city,lat,lon\nLondon,51.507,-0.127\n"))
    monkeypatch.setattr("sys.stdin", text)
    assert read_points("-") == [LONDON]


@pytest.mark.parametrize(
    "points",
    [
        [{"name": "London", "latitude": 51.507, "longitude": -0.127}],
        ({"city": n, "lat": lat, "lng": lon} for n, lat, lon in [("London", 51.507, -0.127)]),
        pd.DataFrame({"lon": [-0.127], "lat": np.array([51.507]), "town": ["London"]}),
    ],
    ids=["rows", "generator", "frame"],
)
def test_rows_of_python_are_places(points: Any) -> None:  # noqa: ANN401  # what users give
    assert read_points(points) == [LONDON]


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([{"lat": 1, "lon": 2}, {"lat": 95, "lon": 2}], "points: row 2: latitude 95 is outside"),
        ([(1, 2)], "is not a path, a DataFrame or rows"),
        ([], "has no column of the latitude"),
        (pd.DataFrame({"lat": [np.nan], "lon": [1.0]}), "points: row 1 has no latitude"),
    ],
)
def test_other_rows_are_usage_errors(points: Any, message: str) -> None:  # noqa: ANN401  # as above
    with pytest.raises(UsageError, match=message):
        read_points(points)


def test_only_queries_with_points_take_them() -> None:
    points = [{"lat": 1, "lon": 2}]
    with pytest.raises(UsageError, match="london_series takes no points; the query points does"):
        find_question("london_series").with_points({}, points)
    with pytest.raises(UsageError, match="set twice"):
        find_question("points").with_points({"points": []}, points)


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    """A grid of 30 degrees without land use in the Atlantic cell of 15 N, 45 W."""
    frames = random_frames(seed=3)
    sea = frames.cell[(frames.cell.lat == 15) & (frames.cell.lon == -45)].cell_id.iloc[0]
    frames = type(frames)(
        frames.cell.assign(has_state=frames.cell.has_state & (frames.cell.cell_id != sea)),
        frames.state[frames.state.cell_id != sea],
        frames.eluc[frames.eluc.cell_id != sea],
    )
    con = duckdb.connect()
    create(con, frames)
    return con


def answer(con: duckdb.DuckDBPyConnection, points: str, **variables: object) -> pd.DataFrame:
    cursor = con.cursor()
    cursor.execute(f"SET VARIABLE points = {points}")
    for name, value in variables.items():
        cursor.execute(f"SET VARIABLE {name} = {value}")
    done = cursor.execute(read_files("queries")["points"].text)
    names = [column[0] for column in done.description or ()]
    return pd.DataFrame(done.fetchall(), columns=names)


PLACES = """[{'name': 'b', 'latitude': 51.507, 'longitude': -0.127},
    {'name': 'sea', 'latitude': 14, 'longitude': -59.5},
    {'name': 'a', 'latitude': -1.2, 'longitude': 36.8},
    {'name': 'b', 'latitude': 51.507, 'longitude': 359.873}]"""


def test_places_keep_their_order_and_have_the_values_of_their_cells(
    con: duckdb.DuckDBPyConnection,
) -> None:
    found = answer(con, PLACES)
    assert found.name.drop_duplicates().tolist() == ["b", "sea", "a"]
    expected = con.sql(
        "SELECT eluc, forest, year FROM eluc_state WHERE cell_id = cell_at(-1.2, 36.8) "
        "ORDER BY year"
    ).fetchnumpy()
    nairobi = found[found.name == "a"]
    assert nairobi.year.tolist() == expected["year"].tolist()
    for name in ("eluc", "forest"):
        wanted = expected[name].astype(float).filled(np.nan)
        np.testing.assert_allclose(nairobi[name].astype(float), wanted, atol=5.1e-5)
    sea = found[found.name == "sea"]
    assert sea[["lat", "lon"]].to_numpy().tolist() == [[15, -45]]
    assert sea.year.isna().all()
    twice = found[found.name == "b"]
    assert len(twice) == 2 * twice.year.nunique()


def test_a_place_at_sea_takes_the_nearest_cell_with_data_within_a_distance(
    con: duckdb.DuckDBPyConnection,
) -> None:
    place = "[{'name': 'sea', 'latitude': 14, 'longitude': -59.5}]"
    # The centre of the next cell to the west, at 15 N, 75 W, is the nearest one with data.
    west = 6371 * np.deg2rad(15.5) * np.cos(np.deg2rad(14.5))
    found = answer(con, place, within_km=west + 40)
    assert set(zip(found.lat, found.lon, strict=True)) == {(15.0, -75.0)}
    assert found.distance_km.iloc[0] == pytest.approx(west, rel=0.02)
    assert found.year.notna().all()
    near = answer(con, place, within_km=west - 40)
    assert near.lon.tolist() == [-45]
    # A place on land keeps its own cell, whatever the distance.
    home = answer(con, "[{'name': 'a', 'latitude': -1.2, 'longitude': 36.8}]", within_km=9000)
    assert set(home.lon) == {45}


def test_years_are_chosen(con: duckdb.DuckDBPyConnection) -> None:
    found = answer(con, PLACES, first_year=1853, last_year=1855)
    assert set(found.year.dropna()) <= {1853, 1854, 1855}
