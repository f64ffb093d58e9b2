"""CSV and Parquet exports: the rows of the tables, in order, and the notebook's merged table."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr
from command import COMMAND, environment, luc_load

from loader import OutputError, SourceMissingError, UsageError, build, write_sample
from loader.exporting import tables
from loader.exporting.export import Request, export
from loader.exporting.selection import Box, Selection, parse_box
from loader.exporting.tables import parse_columns
from loader.querying import sinks
from loader.querying.sinks import ParquetSink
from loader.reporting import Silent
from loader.schema import FRACTIONS

NOTEBOOK = f"time=year,lat,lon,ELUC=eluc,cell_area=area_ha,{','.join(FRACTIONS)},crop"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sources in raw/ and the database of them."""
    folder = tmp_path_factory.mktemp("rows")
    write_sample(
        folder / "raw", years=(2010, 2014), resolution=2, only=["eluc", "states", "static"]
    )
    names = {"eluc": "BLUE_*", "states": "states.nc", "static": "staticData*"}
    files = {name: next((folder / "raw").glob(pattern)) for name, pattern in names.items()}
    build(**files, out=folder / "luc-data", workers=1)  # type: ignore[arg-type]
    return folder


@pytest.fixture
def database(work: Path) -> Path:
    return work / "luc-data" / "luc.duckdb"


def written(database: Path, path: Path, request: Request) -> pd.DataFrame:
    export(database, str(path), request)
    if path.suffix == ".csv":
        return pd.read_csv(path)
    frame: pd.DataFrame = pq.read_table(path).to_pandas()
    return frame


def asked(database: Path, sql: str) -> pd.DataFrame:
    with duckdb.connect(str(database), read_only=True) as con:
        frame: pd.DataFrame = con.sql(sql).to_arrow_table().to_pandas()
        return frame


def notebook_table(raw: Path) -> pd.DataFrame:
    """Merge the files as the notebook does: xarray's merge, to_dataframe, sea dropped."""
    eluc = xr.open_dataset(next(raw.glob("BLUE_*")), decode_times=False)
    states = xr.open_dataset(raw / "states.nc", decode_times=False)
    with eluc, states:
        states = states.drop_vars(["secmb", "secma"])
        states = states.assign_coords(time=states.time.to_numpy().astype(int) + 850)
        merged = xr.merge([eluc, states], join="inner", combine_attrs="drop", compat="override")
        return merged.to_dataframe(dim_order=["time", "lat", "lon"]).dropna().reset_index()


def test_the_notebook_s_csv(work: Path, database: Path, tmp_path: Path) -> None:
    found = written(
        database, tmp_path / "agg.csv", Request(columns=parse_columns(NOTEBOOK), complete=True)
    )
    wanted = notebook_table(work / "raw")
    crops = ["c3ann", "c4ann", "c3per", "c4per", "c3nfx"]
    wanted["crop"] = wanted[crops].astype(np.float64).sum(axis=1).astype(np.float32)
    assert list(found.columns) == ["time", "lat", "lon", "ELUC", "cell_area", *FRACTIONS, "crop"]
    assert len(found) == len(wanted) > 0
    for name in found.columns:
        # The text has as many digits as give the same float32 back.
        kind = wanted[name].dtype
        np.testing.assert_array_equal(found[name].astype(kind), wanted[name], err_msg=name)


def test_csv_and_parquet_hold_the_merged_view_in_order(database: Path, tmp_path: Path) -> None:
    wanted = asked(database, "FROM eluc_state ORDER BY year, cell_id")
    table = written(database, tmp_path / "all.parquet", Request())
    pd.testing.assert_frame_equal(table, wanted, check_dtype=False)
    text = written(database, tmp_path / "all.csv", Request())
    assert list(text.columns) == list(wanted.columns)
    for name in wanted.columns:
        if name == "date":
            assert text[name].tolist() == [f"{date:%Y-%m-%d}" for date in wanted[name]]
        else:
            np.testing.assert_array_equal(text[name].astype(wanted[name].dtype), wanted[name])


def test_parquet_has_units_types_and_large_groups(database: Path, tmp_path: Path) -> None:
    export(database, str(tmp_path / "all.parquet"), Request())
    schema = pq.read_schema(tmp_path / "all.parquet")
    assert schema.field("eluc").type == pa.float32()
    assert schema.field("year").type == pa.int16()
    assert schema.field("area_ha").metadata[b"units"] == b"ha"
    assert schema.field("eluc").metadata[b"long_name"] == b"Carbon emissions from land use change"
    file = io.BytesIO()
    sink = ParquetSink(file, pa.schema([("n", pa.int64())]))
    for first in range(0, 1_200_000, 40_000):
        sink.write(pa.table({"n": np.arange(first, first + 40_000)}))
    sink.close()
    metadata = pq.read_metadata(file)
    groups = [metadata.row_group(k).num_rows for k in range(metadata.num_row_groups)]
    assert groups == [524_288, 524_288, 151_424]
    assert pq.read_table(file).column("n").to_pylist() == list(range(1_200_000))


@pytest.mark.parametrize(
    ("selection", "where"),
    [
        ({"years": "2011:2012"}, "year BETWEEN 2011 AND 2012"),
        ({"years": "2013"}, "year = 2013"),
        ({"land": True}, "is_land"),
        ({"bbox": "-100,-20,60,70"}, "lat BETWEEN -20 AND 70 AND lon BETWEEN -100 AND 60"),
        ({"bbox": "130,-90,-130,90"}, "(lon >= 130 OR lon <= -130)"),
        ({"bbox": "200,-50,300,50"}, "lat BETWEEN -50 AND 50 AND lon BETWEEN -160 AND -60"),
        ({"bbox": "-180,0,180,90"}, "lat >= 0"),
        ({"bbox": "0,-90,360,90", "years": ":2011"}, "year <= 2011"),
        (
            {"countries": ["bra"], "land": True, "years": "2011:"},
            "is_land AND year > 2010 AND cell_id IN (FROM brazil)",
        ),
    ],
)
@pytest.mark.parametrize("what", ["eluc_state", "eluc_diff"])
def test_a_part_is_chosen(
    database: Path, tmp_path: Path, what: str, selection: dict[str, object], where: str
) -> None:
    request = Request(what=what, selection=Selection.parse(**selection))  # type: ignore[arg-type]
    found = written(database, tmp_path / "part.parquet", request)
    joined = "" if what == "eluc_state" else "JOIN cell USING (cell_id)"
    wanted = asked(
        database,
        "WITH brazil AS (SELECT cell_id FROM cell_region JOIN region USING (region_id) "
        "WHERE layer = 'country' AND code = 'BRA') "
        f"SELECT t.* FROM {what} AS t {joined} WHERE {where} ORDER BY year, cell_id",
    )
    assert len(wanted) > 0
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False)


@pytest.mark.parametrize("name", ["BRA", "br", " Brazil ", "76", "076"])
def test_a_country_has_names_and_a_number(database: Path, tmp_path: Path, name: str) -> None:
    request = Request(what="cell", selection=Selection(countries=(name,)))
    found = written(database, tmp_path / f"{name}.parquet", request)
    inside = asked(
        database,
        "SELECT cell_id FROM cell_region JOIN region USING (region_id) "
        "WHERE layer = 'country' AND code = 'BRA' ORDER BY cell_id",
    )
    assert found.cell_id.tolist() == inside.cell_id.tolist()
    assert found.cell_id.is_monotonic_increasing


def test_an_unknown_country_is_told_with_what_is_near(database: Path, tmp_path: Path) -> None:
    request = Request(selection=Selection(countries=("Brasil",)))
    with pytest.raises(UsageError, match=r"'Brasil' is not a known country; did you mean Brazil"):
        export(database, str(tmp_path / "x.csv"), request)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (Request(columns={"a": "nope"}), "--columns names nope, which eluc_state does not have"),
        (
            Request(selection=Selection(years=(1700, 1800))),
            "--years 1700:1800 matches no loaded year",
        ),
        (Request(what="source", selection=Selection(years=(2010, None))), "source has none"),
        (Request(what="source", selection=Selection(land=True)), "--land chooses cells"),
        (Request(what="nothing"), "there is no query, table or view 'nothing'"),
        (Request(selection=Selection(countries=(" ",))), "--country is empty"),
        (Request(what="FROM year", selection=Selection(land=True)), "select in its SQL"),
        (Request(what="eluc", parameters={"x": 1}), "has no parameters"),
    ],
)
def test_what_makes_no_sense_is_refused(
    database: Path, tmp_path: Path, request_: Request, said: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        export(database, str(tmp_path / "x.csv"), request_)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "bbox", ["", "1,2,3", "a,b,c,d", "0,10,5,10", "0,-91,5,5", "5,0,5,9", "-200,0,0,9", "nan,0,1,1"]
)
def test_what_is_no_box_is_refused(bbox: str) -> None:
    with pytest.raises(UsageError, match="expected WEST,SOUTH,EAST,NORTH"):
        parse_box(bbox)


@pytest.mark.parametrize(
    ("bbox", "said"),
    [
        ("10,-100,20,100", "look swapped, try --bbox=-100,10,100,20"),
        ("35,-120,60,-60", "look swapped, try --bbox=-120,35,-60,60"),
        ("0,60,10,50", "with its south (60) not below its north (50)"),
        ("0,-91,5,5", "latitude outside -90..90"),
        ("-200,0,0,9", "longitude outside -180..360"),
    ],
)
def test_a_wrong_box_says_what_is_wrong(bbox: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        parse_box(bbox)


def test_a_box_knows_its_width() -> None:
    assert Box(south=0, west=170, north=1, east=-170).width == 20
    assert Box(south=0, west=-180, north=1, east=180).width == 360


def test_queries_and_sql_are_exported(database: Path, tmp_path: Path) -> None:
    request = Request(what="london_series", parameters={"lat": 11, "lon": 21})
    assert written(database, tmp_path / "place.csv", request).lat.unique().tolist() == [11.0]
    sql = Request(what="SELECT DATE '1850-01-01' AS d, NULL::REAL AS n FROM range(3)")
    found = written(database, tmp_path / "sql.parquet", sql)
    assert found.d.tolist() == [dt.date(1850, 1, 1)] * 3
    assert found.n.isna().all()


def test_years_come_in_small_sorts(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = written(database, tmp_path / "a.parquet", Request())
    monkeypatch.setattr(tables, "YEARS_AT_A_TIME", 1)
    pd.testing.assert_frame_equal(written(database, tmp_path / "b.parquet", Request()), wanted)


def test_nothing_half_done_gets_the_name(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def __init__(self, file: io.BytesIO, _schema: pa.Schema) -> None:
            file.write(b"half")

        def write(self, _rows: pa.RecordBatch) -> None:
            raise OSError(28, "No space left on device")

    path = tmp_path / "kept.csv"
    path.write_text("mine")
    monkeypatch.setattr(sinks, "CsvSink", Full)
    with pytest.raises(OutputError, match=r"kept\.csv: cannot be written \(No space left"):
        export(database, str(path), Request(), overwrite=True)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_an_error_of_the_file_in_netcdf_too(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        # As netCDF4 does.
        raise RuntimeError("NetCDF: HDF error")

    for step in ("put", "close"):
        with monkeypatch.context() as patch:
            patch.setattr(f"loader.exporting.grids._NetcdfFile.{step}", fail)
            with pytest.raises(OutputError, match=r"a\.nc: cannot be written \(NetCDF: HDF error"):
                export(database, str(tmp_path / "a.nc"), Request())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_only_replaced_if_it_is_zarr(database: Path, tmp_path: Path) -> None:
    pytest.importorskip("zarr", "3.0.8")
    folder = tmp_path / "grid.zarr"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    request = Request(what="eluc")
    with pytest.raises(OutputError, match="is a folder; choose another name"):
        export(database, str(folder), request, overwrite=True)
    assert (folder / "mine.txt").read_text() == "mine"
    (folder / ".zgroup").write_text("{}")
    export(database, str(folder), request, overwrite=True)
    assert not (folder / "mine.txt").exists()
    assert (folder / "ELUC").is_dir()
    assert list(tmp_path.iterdir()) == [folder]


def test_on_the_command_line(work: Path) -> None:
    done = luc_load("export", "--columns", "year,n=cell_id", "--years", "2012", cwd=work)
    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert done.stderr == (
        "luc-load: SYNTHETIC data, not of the Earth: "
        f"{len(lines) - 1:,} rows, 2012 -> standard output\n"
    )
    assert lines[0] == "year,n"
    assert all(line.startswith("2012,") for line in lines[1:])
    arguments = ("--what", "year", "-o", "year.csv")
    assert luc_load("export", *arguments, cwd=work).returncode == 0
    again = luc_load("export", *arguments, cwd=work)
    assert (again.returncode, again.stdout) == (1, "")
    assert (
        again.stderr == "luc-load: error: year.csv: already exists; add --overwrite to replace it\n"
    )
    for wrong, code in (
        (["-o", "x.doc"], 2),
        (["--format", "netcdf"], 2),
        (["--bbox", "1"], 2),
        (["absent.duckdb"], 3),
    ):
        failed = luc_load("export", *wrong, cwd=work)
        assert (failed.returncode, failed.stdout) == (code, ""), wrong
    assert not (work / "x.doc").exists()


def test_the_report_is_that_of_the_rows(database: Path, tmp_path: Path) -> None:
    selection = Selection.parse(bbox="-20,30,30,60", years="2011:2012")
    request = Request(selection=selection)
    report = export(database, str(tmp_path / "x.csv"), request)
    frame = pd.read_csv(tmp_path / "x.csv")
    assert report.rows == len(frame) > 0
    assert report.years == (2011, 2012)
    assert report.extent == (frame.lon.min(), frame.lat.min(), frame.lon.max(), frame.lat.max())
    assert report.synthetic
    assert report.text().startswith(f"SYNTHETIC data, not of the Earth: {len(frame):,} rows, 2011-")
    renamed = Request(columns={"time": "year", "y": "lat", "x": "lon"}, selection=selection)
    assert export(database, str(tmp_path / "y.csv"), renamed).extent == report.extent


@pytest.mark.parametrize("named", [None, "csv"])
def test_a_name_in_gz_is_compressed(database: Path, tmp_path: Path, named: str | None) -> None:
    request = Request(what="state_global")
    for name in ("a.csv.gz", "b.csv.gz", "c.csv"):
        export(database, str(tmp_path / name), request, file_format=named)
    packed = (tmp_path / "a.csv.gz").read_bytes()
    assert gzip.decompress(packed) == (tmp_path / "c.csv").read_bytes()
    assert packed == (tmp_path / "b.csv.gz").read_bytes(), "a time in the header"
    with pytest.raises(UsageError, match="parquet is compressed already"):
        export(database, str(tmp_path / "d.gz"), request, file_format="parquet")


def test_a_terminal_is_not_flooded(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    with pytest.raises(UsageError, match=r"would flood the terminal; .* -o FILE"):
        export(database, None, Request())
    for name in ("parquet", "geoparquet"):
        with pytest.raises(UsageError, match=f"{name} is binary; write it to a file with -o FILE"):
            export(database, None, Request(), file_format=name)


def test_an_export_without_rows_says_why(work: Path, database: Path, tmp_path: Path) -> None:
    notices = Notices()
    complete = Request(complete=True, selection=Selection.parse(years="2015"))
    assert export(database, str(tmp_path / "a.csv"), complete, reporter=notices).rows == 0
    assert notices.texts[0].startswith("no rows were exported: no row of eluc_state is in the")
    nothing = Request(what="SELECT 1 AS x WHERE FALSE")
    export(database, str(tmp_path / "b.csv"), nothing, reporter=notices)
    assert notices.texts[2] == "no rows were exported: the query has no result"
    build(states=work / "raw" / "states.nc", out=tmp_path / "out", years="2010", workers=1)
    export(tmp_path / "out", str(tmp_path / "c.csv"), Request(what="luc"), reporter=notices)
    assert notices.texts[4] == (
        "no rows were exported: eluc was not loaded; luc-load build --eluc loads it"
    )
    tiny = Selection.parse(bbox="0.1,0.1,0.2,0.2")
    with pytest.raises(UsageError, match=r"--bbox contains no cell centre; .* latitudes -89 to 89"):
        export(database, str(tmp_path / "d.csv"), Request(selection=tiny))


class Notices(Silent):
    """Remembers the notices."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def notice(self, text: str) -> None:
        self.texts.append(text)


def test_several_countries_are_joined(database: Path, tmp_path: Path) -> None:
    request = Request(what="cell", selection=Selection(countries=("Brazil", "PER", "76")))
    frame = written(database, tmp_path / "x.parquet", request)
    inside = asked(
        database,
        "SELECT DISTINCT cell_id FROM cell_region JOIN region USING (region_id) "
        "WHERE layer = 'country' AND code IN ('BRA', 'PER') ORDER BY cell_id",
    )
    assert frame.cell_id.tolist() == inside.cell_id.tolist()


def test_parquet_says_that_its_data_are_synthetic(database: Path, tmp_path: Path) -> None:
    export(database, str(tmp_path / "x.parquet"), Request(what="eluc_global"))
    metadata = pq.read_schema(tmp_path / "x.parquet").metadata
    assert metadata[b"synthetic"] == b"yes: not of the Earth"
    assert b", luc-load " in metadata[b"luc_load_build"]


def test_geoparquet_has_the_outline_of_each_cell(database: Path, tmp_path: Path) -> None:
    request = Request(columns={"id": "cell_id", "lat": "lat", "lon": "lon", "eluc": "eluc"})
    export(database, str(tmp_path / "x.geoparquet"), request)
    table = pq.read_table(tmp_path / "x.geoparquet")
    geo = json.loads(table.schema.metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert geo["columns"][geo["primary_column"]]["encoding"] == "WKB"
    assert table.schema.metadata[b"synthetic"].startswith(b"yes")
    for outline, lat, lon in zip(
        table["geometry"].to_pylist()[::997],
        table["lat"].to_pylist()[::997],
        table["lon"].to_pylist()[::997],
        strict=True,
    ):
        head, points = struct.unpack("<BIII", outline[:13]), np.frombuffer(outline[13:], "<f8")
        assert head == (1, 3, 1, 5)
        west, south = lon - 1, lat - 1
        ring = [(west, south), (west + 2, south), (west + 2, south + 2), (west, south + 2)]
        np.testing.assert_allclose(points.reshape(5, 2), [*ring, ring[0]])
    with pytest.raises(UsageError, match="GeoParquet needs the column cell_id"):
        export(database, str(tmp_path / "y.geoparquet"), Request(what="state_global"))


@pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")  # rasterio's
def test_geotiff_has_a_band_for_each_variable_and_year(database: Path, tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    selection = Selection.parse(years="2011:2012", bbox="-80,-30,-30,10")
    columns = {"forest": "forest", "eluc": "eluc"}
    request = Request(columns=columns, selection=selection)
    export(database, str(tmp_path / "x.tif"), request)
    with rasterio.open(tmp_path / "x.tif") as file:
        assert file.descriptions == ("forest 2011", "forest 2012", "eluc 2011", "eluc 2012")
        assert file.units == ("1", "1", "t ha-1 yr-1", "t ha-1 yr-1")
        assert file.crs.to_epsg() == 4326
        assert tuple(file.bounds) == (-80, -30, -30, 10)
        assert file.tags()["synthetic"].startswith("yes")
        rows = asked(
            database,
            "SELECT lon, lat, forest, eluc FROM eluc_state WHERE year = 2012 AND "
            "lon BETWEEN -80 AND -30 AND lat BETWEEN -30 AND 10",
        )
        for band, name in ((2, "forest"), (4, "eluc")):
            places = list(zip(rows.lon, rows.lat, strict=True))
            drawn = [value[0] for value in file.sample(places, indexes=band)]
            np.testing.assert_array_equal(drawn, rows[name].to_numpy(np.float32))
        assert file.interleaving.name == "band"


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # of rasterio, of affine
@pytest.mark.parametrize("tile", [16, 512])
def test_geotiff_is_cloud_optimised(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tile: int
) -> None:
    rasterio = pytest.importorskip("rasterio")
    cogeo = pytest.importorskip("rio_cogeo")
    # Small tiles, so that a grid of 2 degrees has overviews as one of 0.25 degrees has.
    monkeypatch.setattr("loader.exporting.geotiff._TILE", tile)
    columns = {"forest": "forest", "eluc": "eluc"}
    request = Request(columns=columns, selection=Selection(years=(2011, 2012)))
    export(database, str(tmp_path / "x.tif"), request)
    with rasterio.open(tmp_path / "x.tif") as file:
        assert len(file.overviews(1)) == (4 if tile == 16 else 0)
    is_valid, errors, warned = cogeo.cog_validate(str(tmp_path / "x.tif"), strict=True, quiet=True)
    assert (is_valid, errors, warned) == (True, [], [])


def test_a_reader_that_has_enough_is_no_error(work: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "export"],
        cwd=work,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"cell_id,")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


def test_no_database_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError):
        export(tmp_path, str(tmp_path / "x.csv"), Request())


def test_columns_are_named_once() -> None:
    assert parse_columns("a, b=c") == {"a": "a", "b": "c"}
    for wrong in ("a,a", "a,", "=b", "a="):
        with pytest.raises(UsageError, match="--columns"):
            parse_columns(wrong)
