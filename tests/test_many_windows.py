"""--bbox loads the cells of a window, reads only the chunks that hold them, and says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pytest
from builds import Notices
from click.testing import CliRunner
from files import STATE_NAMES, Form, Place, eluc_content, state_content, write

from loader import build, check, info, open_dataset
from loader.box import parse_box
from loader.cli import commands
from loader.errors import OutputError, UsageError
from loader.grid import Grid
from loader.reading.engine import DirectChunkArray
from loader.reading.window import box_window

PLACE = Place(north=87.5, west=-177.5, step_lat=5, step_lon=5, n_lat=36, n_lon=72)
YEARS = (2000, 2001, 2002)
CONTENT = state_content(4, PLACE, YEARS, names=STATE_NAMES)
ELUC_CONTENT = eluc_content(5, PLACE, YEARS)
CHUNKED = Form(chunks=(1, 6, 6))
BOXES = {
    "europe": "-12,35,33,60",
    "over the date line": "160,-50,-170,-10",
    "from 0 to 360": "160,-50,190,-10",
    "all columns": "-180,0,180,30",
}


@pytest.fixture(scope="module", params=["positive", pytest.param("west", marks=pytest.mark.slow)])
def files(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("window")
    form = replace(CHUNKED, longitude=request.param, south_first=request.param == "positive")
    return {
        "states": write(folder / "states.nc", CONTENT, form),
        "eluc": write(folder / "eluc.nc", ELUC_CONTENT, replace(form, time="bare")),
    }


def table(database: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(database / "luc.duckdb"), read_only=True) as con:
        return con.sql(sql).fetchall()


def inside(bbox: str) -> npt.NDArray[np.bool_]:
    """Return the cells of the globe in a box, shape (n_lat, n_lon)."""
    west, south, east, north = (float(side) for side in bbox.split(","))
    width = 360 if east - west >= 360 else (east - west) % 360
    rows: npt.NDArray[np.bool_] = (PLACE.lat >= south) & (PLACE.lat <= north)
    columns: npt.NDArray[np.bool_] = (PLACE.lon - west) % 360 <= width
    return rows[:, None] & columns[None, :]


@pytest.mark.parametrize("bbox", BOXES.values(), ids=BOXES)
def test_the_cells_inside_are_loaded(bbox: str, files: dict[str, Any], tmp_path: Path) -> None:
    build(**files, bbox=bbox, out=tmp_path)
    chosen = inside(bbox)
    assert table(tmp_path, "SELECT count(*) FROM cell") == [(int(chosen.sum()),)]
    rows, columns = np.nonzero(chosen)
    east = (PLACE.lon[columns] + 180) % 360 - 180
    places = set(zip(PLACE.lat[rows].tolist(), east.tolist(), strict=True))
    assert set(table(tmp_path, "SELECT lat, lon FROM cell")) == places
    row = {lat: k for k, lat in enumerate(PLACE.lat)}
    column = {float((lon + 180) % 360 - 180): k for k, lon in enumerate(PLACE.lon)}
    stored = table(
        tmp_path, "SELECT lat, lon, year, urban, secma FROM state JOIN cell USING (cell_id)"
    )
    for lat, lon, year, *values in stored:
        for name, value in zip(("urban", "secma"), values, strict=True):
            expected = CONTENT.values[name][YEARS.index(year), row[lat], column[lon]]
            assert (np.isnan(expected) and value is None) or value == expected
    uses = np.stack([CONTENT.values[name] for name in STATE_NAMES[:12]])
    has_state: npt.NDArray[np.bool_] = np.any(~np.isnan(uses), axis=0)
    assert len(stored) == np.count_nonzero(has_state[:, chosen])


def test_only_chunks_of_the_window_are_read(
    files: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = DirectChunkArray._decode  # noqa: SLF001  # what is counted
    origins: set[tuple[int, ...]] = set()

    def decode(self: DirectChunkArray, origin: tuple[int, ...], out: Any) -> None:  # noqa: ANN401
        if len(origin) == 3:
            origins.add(origin[1:])
        real(self, origin, out)

    monkeypatch.setattr(DirectChunkArray, "_decode", decode)
    build(**files, bbox=BOXES["over the date line"], out=tmp_path)
    # 8 rows in 2 or 3 rows of chunks of 6; 4 columns west and 2 east of the date line.
    assert len(origins) <= 3 * 2


def test_it_is_said_where_the_chunks_allow_no_saving(tmp_path: Path) -> None:
    path = write(tmp_path / "states.nc", CONTENT, Form())
    box = BOXES["europe"]
    listener = Notices()
    whole = build(states=path, bbox=box, out=tmp_path / "out", dry_run=True, reporter=listener)
    assert any("do not let --bbox save reading: 100%" in notice for notice in listener.notices)
    assert any("--bbox -12,35,33,60: loading" in notice for notice in listener.notices)
    listener = Notices()
    chunked = write(tmp_path / "chunked.nc", CONTENT, CHUNKED)
    some = build(states=chunked, bbox=box, out=tmp_path / "out", dry_run=True, reporter=listener)
    assert not any("save reading" in notice for notice in listener.notices)
    # The rows are the same; the time is not, because chunks are read completely.
    assert whole.tables == some.tables
    assert whole.seconds > some.seconds


def test_a_window_is_part_of_the_build(files: dict[str, Any], tmp_path: Path) -> None:
    build(**files, bbox="-12,35,33,60", out=tmp_path)
    assert build(**files, bbox=(-12, 35, 33, 60.0), out=tmp_path).outcome == "up to date"
    with pytest.raises(OutputError, match="bbox="):
        build(**files, bbox="-12,35,33,65", out=tmp_path)
    with pytest.raises(OutputError, match="bbox="):
        build(**files, out=tmp_path)
    assert "window -12,35,33,60" in info(tmp_path).text()
    comments = "SELECT comment FROM duckdb_tables() WHERE table_name = 'cell'"
    assert "the window -12,35,33,60" in table(tmp_path, comments)[0][0]
    statuses = {one.name: one.status for one in check(tmp_path).results}
    assert {statuses[name] for name in ("contents", "totals", "unique_rows")} == {"ok"}


@pytest.mark.parametrize(
    ("bbox", "expected"),
    [
        ("1,1,2,2", "no cell centre of the grid"),
        ("-12,35,33,36", "no cell centre"),
        ("0,40,4,60", "4 cell centres"),
        ("50,10,40,60,3", "expected WEST,SOUTH,EAST,NORTH"),
        ("35,-100,60,33", "latitude"),
    ],
)
def test_a_window_without_cells_is_an_error(
    bbox: str, expected: str, files: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=expected):
        build(**files, bbox=bbox, out=tmp_path / "out")
    arguments = ["--states", str(files["states"]), f"--bbox={bbox}", "-o", str(tmp_path / "out")]
    result = CliRunner().invoke(commands, ["build", *arguments])
    assert isinstance(result.exception, UsageError)
    assert result.exception.exit_code == 2


def test_a_window_of_a_regional_grid() -> None:
    region = Grid(4, 60, 50.0, -170.0, 5.0, 5.0)
    assert box_window(region, parse_box("-20,30,20,60")).n_lon == 9
    with pytest.raises(UsageError, match="two separate areas"):
        box_window(region, parse_box("100,30,-150,60"))


def test_a_window_is_exported_with_its_coordinates(files: dict[str, Any], tmp_path: Path) -> None:
    build(**files, bbox=BOXES["europe"], out=tmp_path)
    with open_dataset(tmp_path / "luc.duckdb") as dataset:
        urban = dataset["urban"].load()
    chosen = inside(BOXES["europe"])
    rows, columns = chosen.any(axis=1), chosen.any(axis=0)
    expected = CONTENT.values["urban"][:, rows][:, :, columns]
    ordered = urban.sortby("lat", ascending=False).sortby("lon").to_numpy()
    present = ~np.isnan(ordered)
    np.testing.assert_array_equal(ordered[present], expected[present])
