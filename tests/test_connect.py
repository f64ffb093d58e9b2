"""The settings for other programs open the very file, and only for reading."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from command import luc_load
from sql_database import ABSENT

from loader import build, write_sample
from loader.catalog.sqlfiles import read_files
from loader.querying.connect import connection_lines, connection_settings
from loader.querying.session import session
from loader.schema import META
from loader.summary import BuildReport

if TYPE_CHECKING:
    from sqlalchemy import Engine

VIEWS = sorted(read_files("sql/views").keys() - ABSENT)
TABLES = sorted(read_files("sql/tables").keys() - ABSENT - META)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in a folder whose name wants quoting."""
    folder = tmp_path_factory.mktemp("connect") / 'our "own" data, 100% & more'
    write_sample(folder / "raw", years=(2015, 2017), resolution=2, only=["eluc", "states"])
    build(raw=folder / "raw", out=folder / "out")
    return folder / "out" / "luc.duckdb"


def settings(database: Path) -> dict[str, str]:
    return dict(connection_settings(database))


def test_the_python_setting_opens_it_read_only(database: Path) -> None:
    con = eval(settings(database)["Python"], {"duckdb": duckdb})  # our own line
    try:
        assert con.execute("SELECT count(*) FROM eluc").fetchall()[0][0] > 100
        with pytest.raises(duckdb.InvalidInputException, match="read-only"):
            con.execute("DELETE FROM eluc").fetchall()
    finally:
        con.close()


def test_the_shell_opens_it_read_only(database: Path) -> None:
    shell = shutil.which("duckdb", path=sysconfig.get_path("scripts"))
    if shell is None:
        pytest.skip("duckdb-cli is not installed")
    words = shlex.split(settings(database)["DuckDB shell"])
    asked = ["-csv", "-noheader", "-init", os.devnull, "-c"]
    for sql, code, answer in (
        ("SELECT count(*) > 100 FROM eluc", 0, "true"),
        ("DROP TABLE eluc", 1, ""),
    ):
        done = subprocess.run(
            [shell, *words[1:], *asked, sql], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout.strip()) == (code, answer), done.stderr


def test_the_lines_of_a_build_are_those_of_info(database: Path) -> None:
    """One function writes them all; a relative --out gives absolute paths too."""
    report = BuildReport("built", database, database.parent / "parquet", "id")
    lines = report.text().splitlines()
    start = lines.index("Open it read-only:")
    assert [line.strip() for line in lines[start + 1 : -1]] == connection_lines(
        database, first=True
    )
    assert {line.split("  ")[0] for line in connection_lines(database, first=True)} <= {
        *settings(database)
    }


def jdbc_parts(url: str) -> tuple[str, dict[str, str]]:
    """Split a URL as DuckDB's driver does: path, then options after semicolons."""
    path, *options = url.removeprefix("jdbc:duckdb:").split(";")
    return path.strip(), dict(option.split("=") for option in options)


def test_the_jdbc_url_names_the_file_itself_and_is_read_only(database: Path) -> None:
    url = settings(database)["JDBC, in one URL"]
    assert jdbc_parts(url) == (str(database), {"duckdb.read_only": "true"})
    with_property = settings(database)["JDBC, DBeaver"].split("  ")[0]
    assert jdbc_parts(with_property) == (str(database), {})


def test_a_path_that_no_url_can_hold_says_so_or_avoids_the_url() -> None:
    found = settings(Path("/data/a;b?/luc.duckdb"))
    assert "semicolon" in found["JDBC, DBeaver"]
    assert "semicolon" in found["JDBC, in one URL"]
    sqlalchemy = pytest.importorskip("sqlalchemy")
    url = eval(found["SQLAlchemy, Superset"], {"sqlalchemy": sqlalchemy})  # our own line
    assert (url.drivername, url.database) == ("duckdb", "/data/a;b?/luc.duckdb")
    assert dict(url.query) == {"access_mode": "READ_ONLY"}


def test_a_relative_path_becomes_absolute(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(database.parent)
    assert settings(Path("luc.duckdb")) == settings(database)


def test_every_setting_names_the_file(database: Path) -> None:
    for program, setting in settings(database).items():
        escaped = str(database).replace('"', '\\"')
        assert str(database) in setting or escaped in setting, program
    assert shlex.split(settings(database)["DuckDB shell"])[2] == str(database)


def test_an_odbc_string_keeps_a_semicolon_in_the_path() -> None:
    found = settings(Path("/data/a;b/luc.duckdb"))["ODBC, Power BI"]
    assert "Database={/data/a;b/luc.duckdb};access_mode=READ_ONLY" in found


def test_info_prints_the_settings_of_the_file(database: Path) -> None:
    done = luc_load("info", "--connect", str(database.parent), cwd=database.parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == connection_lines(database)


def test_info_refuses_to_connect_to_nothing(tmp_path: Path) -> None:
    done = luc_load("info", "--connect", str(tmp_path), cwd=tmp_path)
    assert done.returncode == 3
    assert done.stdout == ""


@pytest.fixture
def engine(database: Path) -> Engine:
    sqlalchemy = pytest.importorskip("sqlalchemy", minversion="2.0")
    pytest.importorskip("duckdb_engine")
    # Without a pool: a connection kept open would keep the file to its own settings.
    url = settings(database)["SQLAlchemy, Superset"]
    made: Engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    return made


def test_sqlalchemy_reads_and_may_not_write(engine: Engine) -> None:
    from sqlalchemy import text  # noqa: PLC0415  # an optional dependency
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    with engine.connect() as con:
        rows = con.execute(text("SELECT year, emission_pgc FROM eluc_global ORDER BY year"))
        assert [row.year for row in rows] == [2015, 2016, 2017]
        with pytest.raises(SQLAlchemyError, match="read-only"):
            con.execute(text("DELETE FROM eluc"))


@pytest.mark.filterwarnings("ignore:duckdb-engine doesn't yet support reflection on indices")
def test_sqlalchemy_lists_tables_views_columns_and_comments(engine: Engine) -> None:
    from sqlalchemy import inspect  # noqa: PLC0415  # an optional dependency

    found = inspect(engine)
    assert sorted(found.get_table_names(schema="main")) == TABLES
    assert sorted(found.get_view_names(schema="main")) == VIEWS
    for name in ("cell", "eluc", "luc", "eluc_map_1deg"):
        assert "Units: " in (found.get_table_comment(name)["text"] or ""), name
        for column in found.get_columns(name):
            assert "[unit: " in (column["comment"] or ""), (name, column["name"])


@pytest.mark.filterwarnings("ignore:duckdb-engine doesn't yet support reflection on indices")
@pytest.mark.filterwarnings("ignore:Did not recognize type 'list' of column 'eluc'")
def test_sqlalchemy_reflects_tables_and_views(engine: Engine) -> None:
    """What Superset and pandas do; inspection alone passes where this fails."""
    from sqlalchemy import MetaData, select  # noqa: PLC0415  # an optional dependency

    metadata = MetaData()
    metadata.reflect(engine, views=True)
    assert {*TABLES, *VIEWS} <= set(metadata.tables)
    cell, world = metadata.tables["cell"], metadata.tables["eluc_global"]
    assert {"cell_id", "lat", "lon", "area_ha"} <= set(cell.columns.keys())
    with engine.connect() as con:
        assert len(con.execute(select(world.c.year)).all()) == 3


def test_one_process_opens_a_file_with_one_configuration(database: Path, engine: Engine) -> None:
    """What docs/bi.md warns of; luc-load's own sessions get along with either."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415  # an optional dependency

    con = duckdb.connect(str(database), read_only=True)
    try:
        with pytest.raises(SQLAlchemyError, match="different configuration"):
            engine.connect()
        with session(database) as other:
            assert other.execute("SELECT count(*) FROM eluc_global").fetchall() == [(3,)]
    finally:
        con.close()
    engine.connect().close()


def test_an_open_connection_sees_the_old_file_until_it_is_closed(tmp_path: Path) -> None:
    """What docs/bi.md warns of: all connections of the process to the file must be closed."""
    write_sample(tmp_path / "raw", years=(2015, 2016), resolution=2, only=["eluc"])
    years = "SELECT list(year ORDER BY year) FROM eluc_global"
    build(raw=tmp_path / "raw", out=tmp_path / "out", years="2015")
    path = str(tmp_path / "out" / "luc.duckdb")
    con = duckdb.connect(path, read_only=True)
    build(raw=tmp_path / "raw", out=tmp_path / "out", years="2016", overwrite=True)
    second = duckdb.connect(path, read_only=True)
    assert con.execute(years).fetchall() == second.execute(years).fetchall() == [([2015],)]
    with session(path) as own:
        assert own.execute(years).fetchall() == [([2016],)]
    con.close()
    second.close()
    with duckdb.connect(path, read_only=True) as third:
        assert third.execute(years).fetchall() == [([2016],)]


def test_macros_of_an_attached_database_need_use(database: Path) -> None:
    with duckdb.connect() as con:
        con.execute("ATTACH ? AS luc (READ_ONLY)", [str(database)])
        with pytest.raises(duckdb.CatalogException, match="eluc_state does not exist"):
            con.execute("FROM luc.point(51.5, -0.13)")
        con.execute("USE luc")
        assert con.execute("FROM point(51.5, -0.13)").fetchall()


def test_the_information_schema_says_what_tools_ask_it(database: Path) -> None:
    with duckdb.connect(str(database), read_only=True) as con:
        tables = con.execute(
            "SELECT table_name, table_type, TABLE_COMMENT FROM information_schema.tables "
            "WHERE table_schema = 'main' ORDER BY table_name"
        ).fetchall()
        columns = con.execute(
            "SELECT table_name, column_name, data_type, COLUMN_COMMENT "
            "FROM information_schema.columns WHERE table_schema = 'main'"
        ).fetchall()
        dictionary = con.execute(
            "SELECT table_name, column_name, data_type FROM data_dictionary"
        ).fetchall()
    kinds = {name: kind for name, kind, _ in tables}
    assert {name for name, kind in kinds.items() if kind == "BASE TABLE"} == {*TABLES}
    assert {name for name, kind in kinds.items() if kind == "VIEW"} == {*VIEWS}
    assert all("Units: " in comment for *_, comment in tables)
    assert sorted(row[:3] for row in columns) == sorted(dictionary)
    assert all("[unit: " in row[3] for row in columns)


def test_what_is_no_measure_is_no_floating_point_number(database: Path) -> None:
    """Tools sum what looks like a quantity: keys are integers, so that they can be told apart."""
    with duckdb.connect(str(database), read_only=True) as con:
        found = con.execute(
            "SELECT DISTINCT column_name, data_type FROM data_dictionary "
            "WHERE column_name IN ('cell_id', 'year', 'prev_year', 'date')"
        ).fetchall()
    assert set(found) == {
        ("cell_id", "INTEGER"),
        ("year", "SMALLINT"),
        ("prev_year", "SMALLINT"),
        ("date", "DATE"),
    }
